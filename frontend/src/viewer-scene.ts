// The scene of one viewer. Drawn on demand only: a phone's battery pays for each frame.
import {
  Box3,
  BufferGeometry,
  Color,
  DirectionalLight,
  DoubleSide,
  EdgesGeometry,
  HemisphereLight,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshStandardMaterial,
  PerspectiveCamera,
  Scene,
  Vector3,
  WebGLRenderer,
} from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { mergeGeometries } from "three/addons/utils/BufferGeometryUtils.js";
import { ViewerCamera } from "./viewer-camera";
import { Dimensions } from "./viewer-dimensions";

const FIELD_OF_VIEW_DEG = 30;
const MAX_PIXEL_RATIO = 2;
const EDGE_ANGLE_DEG = 28;
/** Finding sharp edges takes a second per million facets on a phone; large parts do without. */
const EDGES_MAX_FACETS = 150_000;

/** Loads `data-src` of `figure` and shows it; rejects when that is impossible. */
export async function openViewer(figure: HTMLElement): Promise<void> {
  const stage = figure.querySelector<HTMLElement>("[data-viewer-stage]");
  const source = figure.dataset["src"];
  if (!stage || !source) throw new Error("a viewer needs data-src and a stage");
  const geometry = await load(source);

  // First, because a browser may promise WebGL and fail here.
  const renderer = new WebGLRenderer({ antialias: true, alpha: true });
  renderer.setPixelRatio(Math.min(window.devicePixelRatio, MAX_PIXEL_RATIO));

  const box = geometry.boundingBox ?? new Box3();
  const size = box.getSize(new Vector3()).length();
  const material = new MeshStandardMaterial({ roughness: 0.7, metalness: 0, side: DoubleSide });
  const marked = new MeshStandardMaterial({ roughness: 0.7, metalness: 0, side: DoubleSide });
  const edges = edgesOf(geometry);
  const dimensions = new Dimensions(figure, stage, box);
  const camera = new PerspectiveCamera(FIELD_OF_VIEW_DEG, 1, size / 100, size * 50);
  camera.up.set(0, 0, 1);

  const lamp = new DirectionalLight(0xffffff, 1.5);
  lamp.position.set(-0.9, 0.9, 1);
  camera.add(lamp);
  const sky = new HemisphereLight(0xffffff, 0x8890a8, 2.1);
  sky.position.set(0, 0, 1);
  const scene = new Scene();
  scene.add(new Mesh(geometry, [material, marked]), edges, dimensions.lines, camera, sky);

  let queued = false;
  const redraw = (): void => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      renderer.render(scene, camera);
      dimensions.place(camera);
    });
  };
  marked.color = geometry.userData["marked"] as Color;
  const paint = (): void => {
    const style = getComputedStyle(figure);
    const colour = (name: string): Color => new Color(style.getPropertyValue(name).trim());
    material.color = colour("--viewer-part");
    edges.material.color = colour("--viewer-edge");
    dimensions.paint(colour("--viewer-line"));
    redraw();
  };
  paint();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

  const view = new ViewerCamera(camera, renderer.domElement, dimensions.extent, redraw);
  for (const button of figure.querySelectorAll<HTMLElement>("[data-viewer-tool]")) {
    button.addEventListener("click", () => view.act(button.dataset["viewerTool"] ?? ""));
  }
  renderer.domElement.setAttribute("aria-label", figure.dataset["label"] ?? "3D");
  const help = figure.querySelector("[data-viewer-help]");
  if (help?.id) renderer.domElement.setAttribute("aria-describedby", help.id);

  stage.prepend(renderer.domElement);
  new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = stage;
    if (!width || !height) return;
    renderer.setSize(width, height, false);
    view.resize(width / height);
  }).observe(stage);
}

/** Fetches a GLB, takes its points before the node's turn (mm, z up), moves their middle to 0. */
async function load(source: string): Promise<BufferGeometry> {
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source}: ${response.status}`);
  const { scene } = await new GLTFLoader().parseAsync(await response.arrayBuffer(), "");
  const parts = { part: [] as BufferGeometry[], marked: [] as BufferGeometry[] };
  let colour = new Color();
  scene.traverse((node) => {
    if (!(node instanceof Mesh) || !(node.material instanceof MeshStandardMaterial)) return;
    const isMarked = node.material.name === "marked";
    if (isMarked) colour = node.material.color;
    (isMarked ? parts.marked : parts.part).push((node.geometry as BufferGeometry).toNonIndexed());
  });
  const all = [...parts.part, ...parts.marked];
  const geometry = all.length ? mergeGeometries(all) : new BufferGeometry();
  const count = geometry.getAttribute("position")?.count ?? 0;
  if (!count) throw new Error(`${source}: no facets`);
  const plain = parts.part.reduce((sum, part) => sum + part.getAttribute("position").count, 0);
  geometry.addGroup(0, plain, 0);
  if (plain < count) geometry.addGroup(plain, count - plain, 1);
  geometry.userData["marked"] = colour;
  geometry.computeVertexNormals();
  geometry.center();
  geometry.computeBoundingBox();
  return geometry;
}

/** The sharp edges, as a drawing shows them: they tell a hole from a shade. */
function edgesOf(geometry: BufferGeometry): LineSegments<BufferGeometry, LineBasicMaterial> {
  const facets = geometry.getAttribute("position").count / 3;
  const edges = new LineSegments<BufferGeometry, LineBasicMaterial>(
    undefined,
    new LineBasicMaterial({ transparent: true, opacity: 0.55 }),
  );
  if (facets <= EDGES_MAX_FACETS) edges.geometry = new EdgesGeometry(geometry, EDGE_ANGLE_DEG);
  return edges;
}
