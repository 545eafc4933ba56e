// The scene of one viewer. Drawn on demand only: a phone's battery pays for each frame.
import {
  AmbientLight,
  Box3,
  Color,
  DirectionalLight,
  Group,
  Mesh,
  MeshStandardMaterial,
  PerspectiveCamera,
  Scene,
  Sphere,
  Spherical,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { STLLoader } from "three/addons/loaders/STLLoader.js";
import { Dimensions } from "./viewer-dimensions";

const TURN_RAD = Math.PI / 24;
const ZOOM_STEP = 1.2;
const FIELD_OF_VIEW_DEG = 32;
/** From the front, a little right and above: how people draw a part. */
const HOME = new Vector3(0.62, -1, 0.62).normalize();
const MAX_PIXEL_RATIO = 2;

/** Loads `data-src` of `figure` and shows it; rejects when that is impossible. */
export async function openViewer(figure: HTMLElement): Promise<void> {
  const stage = figure.querySelector<HTMLElement>("[data-viewer-stage]");
  const source = figure.dataset["src"];
  if (!stage || !source) throw new Error("a viewer needs data-src and a stage");
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source}: ${response.status}`);
  const geometry = new STLLoader().parse(await response.arrayBuffer());
  if (!geometry.getAttribute("position")?.count) throw new Error(`${source}: no facets`);
  geometry.computeVertexNormals();

  const renderer = new WebGLRenderer({ antialias: true, alpha: true });
  renderer.setPixelRatio(Math.min(window.devicePixelRatio, MAX_PIXEL_RATIO));
  const canvas = renderer.domElement;

  const material = new MeshStandardMaterial({ roughness: 0.62, metalness: 0.05, flatShading: true });
  const part = new Mesh(geometry, material);
  const box = new Box3().setFromObject(part);
  part.position.sub(box.getCenter(new Vector3()));
  box.setFromObject(part);
  const sphere = box.getBoundingSphere(new Sphere());

  const scene = new Scene();
  const camera = new PerspectiveCamera(FIELD_OF_VIEW_DEG, 1, sphere.radius / 50, sphere.radius * 50);
  camera.up.set(0, 0, 1);
  const lamps = new Group();
  const key = new DirectionalLight(0xffffff, 2.4);
  key.position.set(-1.2, 1.6, 1.4);
  const fill = new DirectionalLight(0xffffff, 0.9);
  fill.position.set(1.5, -0.4, 0.8);
  lamps.add(key, fill);
  camera.add(lamps);
  scene.add(part, camera, new AmbientLight(0xffffff, 0.75));

  const dimensions = new Dimensions(figure, stage, box);
  scene.add(dimensions.lines);

  const controls = new OrbitControls(camera, canvas);
  controls.enablePan = false;
  // The wheel scrolls the page until somebody has entered the view.
  controls.enableZoom = false;
  canvas.addEventListener("focus", () => (controls.enableZoom = true));
  canvas.addEventListener("blur", () => (controls.enableZoom = false));
  // A finger going up or down scrolls the page; sideways it turns the part.
  canvas.style.touchAction = "pan-y";

  let queued = false;
  const draw = (): void => {
    queued = false;
    renderer.render(scene, camera);
    dimensions.place(camera);
  };
  const redraw = (): void => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(draw);
  };

  const paint = (): void => {
    const style = getComputedStyle(figure);
    const colour = (name: string): Color => new Color(style.getPropertyValue(name).trim());
    material.color = colour("--viewer-part");
    dimensions.paint(colour("--viewer-line"));
    redraw();
  };

  const fitDistance = (): number => {
    const half = Math.tan((FIELD_OF_VIEW_DEG * Math.PI) / 360);
    return (sphere.radius * 1.12) / (half * Math.min(1, camera.aspect)) + sphere.radius * 0.3;
  };
  const home = (): void => {
    controls.minDistance = sphere.radius * 1.15;
    controls.maxDistance = fitDistance() * 3;
    controls.target.set(0, 0, 0);
    camera.position.copy(HOME).multiplyScalar(fitDistance());
    controls.update();
    redraw();
  };
  const orbit = (sideways: number, upwards: number): void => {
    const offset = camera.position.clone().applyAxisAngle(new Vector3(1, 0, 0), -Math.PI / 2);
    const ball = new Spherical().setFromVector3(offset);
    ball.theta += sideways * TURN_RAD;
    ball.phi -= upwards * TURN_RAD;
    ball.makeSafe();
    camera.position.setFromSpherical(ball).applyAxisAngle(new Vector3(1, 0, 0), Math.PI / 2);
    controls.update();
    redraw();
  };
  const zoom = (factor: number): void => {
    const distance = camera.position.length() * factor;
    camera.position.setLength(Math.min(Math.max(distance, controls.minDistance), controls.maxDistance));
    controls.update();
    redraw();
  };

  const acts: Record<string, () => void> = {
    ArrowLeft: () => orbit(-1, 0),
    ArrowRight: () => orbit(1, 0),
    ArrowUp: () => orbit(0, 1),
    ArrowDown: () => orbit(0, -1),
    "+": () => zoom(1 / ZOOM_STEP),
    "=": () => zoom(1 / ZOOM_STEP),
    "-": () => zoom(ZOOM_STEP),
    Home: home,
    "0": home,
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  const tools: Record<string, () => void> = {
    reset: home,
    in: () => zoom(1 / ZOOM_STEP),
    out: () => zoom(ZOOM_STEP),
  };
  for (const button of figure.querySelectorAll<HTMLElement>("[data-viewer-tool]")) {
    const act = tools[button.dataset["viewerTool"] ?? ""];
    if (act) button.addEventListener("click", act);
  }

  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", figure.dataset["label"] ?? "3D");
  const help = figure.querySelector("[data-viewer-help]");
  if (help?.id) canvas.setAttribute("aria-describedby", help.id);

  controls.addEventListener("change", redraw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  stage.prepend(canvas);
  let homed = false;
  new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = stage;
    if (!width || !height) return;
    renderer.setSize(width, height, false);
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
    if (!homed) {
      homed = true;
      home();
    }
    redraw();
  }).observe(stage);
  paint();
}
