// How the view turns: by finger, mouse, wheel, keyboard and buttons.
import { type Box3, type PerspectiveCamera, Spherical, Vector3 } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

const TURN_RAD = Math.PI / 24;
const ZOOM_STEP = 1.2;
/** From the front, a little right and above: how people draw a part. */
const HOME = new Vector3(0.58, -1, 0.66).normalize();
/** Share of the window that part and dimensions may take; labels stand out of their lines. */
const FILL = 0.92;

const KEYS: Record<string, string> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  "+": "in",
  "=": "in",
  "-": "out",
  Home: "reset",
  "0": "reset",
};

/** Orbits a camera, with z up, around the middle of `extent`. */
export class ViewerCamera {
  readonly #camera: PerspectiveCamera;
  readonly #controls: OrbitControls;
  readonly #corners: Vector3[];
  readonly #middle: Vector3;
  readonly #redraw: () => void;
  #touched = false;

  constructor(camera: PerspectiveCamera, canvas: HTMLCanvasElement, extent: Box3, redraw: () => void) {
    this.#camera = camera;
    this.#redraw = redraw;
    this.#middle = extent.getCenter(new Vector3());
    this.#corners = [0, 1, 2, 3, 4, 5, 6, 7].map(
      (bits) =>
        new Vector3(
          bits & 1 ? extent.max.x : extent.min.x,
          bits & 2 ? extent.max.y : extent.min.y,
          bits & 4 ? extent.max.z : extent.min.z,
        ),
    );
    const size = extent.getSize(new Vector3()).length();
    this.#controls = new OrbitControls(camera, canvas);
    this.#controls.target.copy(this.#middle);
    this.#controls.minDistance = size * 0.6;
    this.#controls.maxDistance = size * 8;
    this.#controls.enablePan = false;
    // The wheel scrolls the page until somebody has entered the view.
    this.#controls.enableZoom = false;
    canvas.addEventListener("focus", () => (this.#controls.enableZoom = true));
    canvas.addEventListener("blur", () => (this.#controls.enableZoom = false));
    // A finger going up or down scrolls the page; sideways it turns the part.
    canvas.style.touchAction = "pan-y";
    this.#controls.addEventListener("start", () => (this.#touched = true));
    this.#controls.addEventListener("change", redraw);

    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.addEventListener("keydown", (event) => {
      const name = KEYS[event.key];
      if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.act(name);
    });
  }

  /** Does what a key or a button says: left, right, up, down, in, out or reset. */
  act(name: string): void {
    if (name === "reset") {
      this.#touched = false;
      this.#home();
      return;
    }
    this.#touched = true;
    if (name === "left") this.#orbit(-1, 0);
    else if (name === "right") this.#orbit(1, 0);
    else if (name === "up") this.#orbit(0, 1);
    else if (name === "down") this.#orbit(0, -1);
    else if (name === "in") this.#zoom(1 / ZOOM_STEP);
    else if (name === "out") this.#zoom(ZOOM_STEP);
  }

  /** Follows the window's shape; fits the part again unless somebody has turned it. */
  resize(aspect: number): void {
    this.#camera.aspect = aspect;
    this.#camera.updateProjectionMatrix();
    if (!this.#touched) this.#home();
    this.#redraw();
  }

  #home(): void {
    // The nearest distance at which every corner is inside: corners move inwards with it.
    let near = this.#controls.minDistance;
    let far = this.#controls.maxDistance;
    for (let step = 0; step < 24; step += 1) {
      const distance = (near + far) / 2;
      if (this.#fits(distance)) far = distance;
      else near = distance;
    }
    this.#stand(far);
    this.#controls.update();
    this.#redraw();
  }

  #stand(distance: number): void {
    this.#camera.position.copy(HOME).multiplyScalar(distance).add(this.#middle);
    this.#camera.lookAt(this.#middle);
    this.#camera.updateMatrixWorld();
  }

  #fits(distance: number): boolean {
    this.#stand(distance);
    return this.#corners.every((corner) => {
      const seen = corner.clone().project(this.#camera);
      return Math.abs(seen.x) <= FILL && Math.abs(seen.y) <= FILL && seen.z < 1;
    });
  }

  #orbit(sideways: number, upwards: number): void {
    const tilt = new Vector3(1, 0, 0);
    const offset = this.#camera.position.clone().sub(this.#middle).applyAxisAngle(tilt, -Math.PI / 2);
    const ball = new Spherical().setFromVector3(offset);
    ball.theta += sideways * TURN_RAD;
    ball.phi -= upwards * TURN_RAD;
    ball.makeSafe();
    offset.setFromSpherical(ball).applyAxisAngle(tilt, Math.PI / 2);
    this.#camera.position.copy(this.#middle).add(offset);
    this.#controls.update();
    this.#redraw();
  }

  #zoom(factor: number): void {
    const offset = this.#camera.position.clone().sub(this.#middle);
    const { minDistance, maxDistance } = this.#controls;
    offset.setLength(Math.min(Math.max(offset.length() * factor, minDistance), maxDistance));
    this.#camera.position.copy(this.#middle).add(offset);
    this.#controls.update();
    this.#redraw();
  }
}
