// Draws one layer on a canvas: the bed, the layer below in grey, then the layer's lines by role.
import type { LayerFile } from "./layers-file";

const MAX_PIXEL_RATIO = 2;
const EDGE_PX = 16;
/** Space around the lines, mm: so that the bed's edge is seen where it is near. */
const ROOM_MM = 4;

/** Draws layer `layer` (0 is the first) as large as the canvas allows. */
export function drawLayer(canvas: HTMLCanvasElement, file: LayerFile, layer: number): void {
  const ratio = Math.min(window.devicePixelRatio, MAX_PIXEL_RATIO);
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const context = canvas.getContext("2d");
  if (!context || !width || !height) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(`--layer-${name}`).trim();

  const { header } = file;
  const [low_x, low_y, high_x, high_y] = header.bounds_mm;
  const wide = high_x - low_x + 2 * ROOM_MM;
  const deep = high_y - low_y + 2 * ROOM_MM;
  const scale = Math.min((width - 2 * EDGE_PX) / wide, (height - 2 * EDGE_PX) / deep);
  const middle_x = (low_x + high_x) / 2;
  const middle_y = (low_y + high_y) / 2;
  // mm on the bed, y upwards, to pixels.
  context.setTransform(
    ratio * scale,
    0,
    0,
    -ratio * scale,
    ratio * (width / 2 - middle_x * scale),
    ratio * (height / 2 + middle_y * scale),
  );
  context.lineCap = "round";
  context.lineJoin = "round";

  const [bed_x, bed_y] = header.bed_mm;
  context.fillStyle = colour("bed");
  context.fillRect(0, 0, bed_x, bed_y);
  context.lineWidth = 1.5 / scale;
  context.strokeStyle = colour("edge");
  context.strokeRect(0, 0, bed_x, bed_y);

  const lineOf = (index: number): number =>
    Math.max(1 / scale, 0.86 * (index === 0 ? header.first_line_mm : header.line_mm));
  if (layer > 0) {
    context.lineWidth = lineOf(layer - 1);
    context.strokeStyle = colour("below");
    context.stroke(linesOf(file, layer - 1));
  }
  context.lineWidth = lineOf(layer);
  header.roles.forEach((role, number) => {
    context.strokeStyle = colour(role);
    context.stroke(linesOf(file, layer, number));
  });
}

/** The lines of a layer as one path in mm; of one role where that is given. */
function linesOf(file: LayerFile, layer: number, role?: number): Path2D {
  const path = new Path2D();
  const { points, firstPoint, firstLine, header } = file;
  const unit = header.unit_mm;
  const end = firstLine[layer + 1] ?? 0;
  for (let line = firstLine[layer] ?? 0; line < end; line += 1) {
    if (role !== undefined && file.roles[line] !== role) continue;
    const last = firstPoint[line + 1] ?? 0;
    for (let point = firstPoint[line] ?? 0, first = true; point < last; point += 1) {
      const x = (points[2 * point] ?? 0) * unit;
      const y = (points[2 * point + 1] ?? 0) * unit;
      if (first) path.moveTo(x, y);
      else path.lineTo(x, y);
      first = false;
    }
  }
  return path;
}
