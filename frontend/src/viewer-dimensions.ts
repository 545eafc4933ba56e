// Dimension lines beside the part, with labels as HTML so that they stay sharp and readable.
import {
  BufferGeometry,
  Box3,
  type Camera,
  type Color,
  LineBasicMaterial,
  LineSegments,
  Vector3,
} from "three";

const GAP = 0.06;
const TICK = 0.025;

interface Label {
  element: HTMLElement;
  middle: Vector3;
}

/** The three sizes of a part, from data-size-x, -y and -z (words with a unit, as shown). */
export class Dimensions {
  readonly lines: LineSegments<BufferGeometry, LineBasicMaterial>;
  /** Part and lines together: what a view has to show. */
  readonly extent: Box3;
  readonly #labels: Label[] = [];
  readonly #stage: HTMLElement;

  constructor(figure: HTMLElement, stage: HTMLElement, box: Box3) {
    this.#stage = stage;
    const size = box.getSize(new Vector3());
    const gap = size.length() * GAP;
    const tick = size.length() * TICK;
    const { min, max } = box;
    const points: Vector3[] = [];
    const add = (words: string | undefined, from: Vector3, to: Vector3, out: Vector3): void => {
      if (!words) return;
      const side = out.clone().multiplyScalar(tick);
      points.push(from, to);
      for (const end of [from, to]) points.push(end.clone().sub(side), end.clone().add(side));
      const element = document.createElement("span");
      element.className = "viewer__dimension";
      element.textContent = words;
      // The sizes are in the page's text as well; here they would be read without order.
      element.setAttribute("aria-hidden", "true");
      stage.append(element);
      this.#labels.push({ element, middle: from.clone().add(to).multiplyScalar(0.5) });
    };
    const front = min.y - gap;
    const right = max.x + gap;
    add(
      figure.dataset["sizeX"],
      new Vector3(min.x, front, min.z),
      new Vector3(max.x, front, min.z),
      new Vector3(0, 1, 0),
    );
    add(
      figure.dataset["sizeY"],
      new Vector3(right, min.y, min.z),
      new Vector3(right, max.y, min.z),
      new Vector3(1, 0, 0),
    );
    add(
      figure.dataset["sizeZ"],
      new Vector3(min.x - gap, front, min.z),
      new Vector3(min.x - gap, front, max.z),
      new Vector3(1, 0, 0),
    );
    this.extent = new Box3().setFromPoints(points).union(box);
    this.lines = new LineSegments(new BufferGeometry().setFromPoints(points), new LineBasicMaterial());
  }

  paint(colour: Color): void {
    this.lines.material.color = colour;
  }

  /** Puts each label on the middle of its line as `camera` sees it, kept inside the stage. */
  place(camera: Camera): void {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    for (const { element, middle } of this.#labels) {
      const seen = middle.clone().project(camera);
      const half = { x: element.offsetWidth / 2, y: element.offsetHeight / 2 };
      const x = ((seen.x + 1) / 2) * width - half.x;
      const y = ((1 - seen.y) / 2) * height - half.y;
      const left = Math.min(Math.max(x, 4), width - 2 * half.x - 4);
      const top = Math.min(Math.max(y, 4), height - 2 * half.y - 4);
      element.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`;
    }
  }
}
