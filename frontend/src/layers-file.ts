// The layers of a slice, as parts3d/slicing/layers.py writes them.

/** The header of a file; lengths in mm. */
export interface Header {
  bed_mm: [number, number];
  unit_mm: number;
  line_mm: number;
  first_line_mm: number;
  roles: string[];
  bounds_mm: [number, number, number, number];
  total_layers: number;
  stride: number;
  is_cut: boolean;
  layer_z_mm: number[];
  layer_lines: number[];
  points: number;
}

/** A file read: `points` are x, y pairs in units; the lines of layer n begin at `firstLine[n]`. */
export interface LayerFile {
  header: Header;
  points: Int16Array;
  /** Index of the first point of each line, and one more: the end of the last. */
  firstPoint: Uint32Array;
  roles: Uint8Array;
  firstLine: Uint32Array;
}

const MAGIC = "P3DL";
const HEAD_BYTES = 8;

/** Reads a file; throws when it is not one. */
export function readLayerFile(buffer: ArrayBuffer): LayerFile {
  const head = new DataView(buffer);
  const text = new TextDecoder();
  if (buffer.byteLength < HEAD_BYTES || text.decode(new Uint8Array(buffer, 0, 4)) !== MAGIC) {
    throw new Error("no layer file");
  }
  const length = head.getUint32(4, true);
  const header = JSON.parse(text.decode(new Uint8Array(buffer, HEAD_BYTES, length))) as Header;
  const lines = header.layer_lines.reduce((sum, count) => sum + count, 0);
  let at = HEAD_BYTES + length;
  // Browsers run on little-endian machines only, so the columns are read as they are.
  const points = new Int16Array(buffer.slice(at, at + 4 * header.points));
  at += 4 * header.points;
  const counts = new Uint16Array(buffer.slice(at, at + 2 * lines));
  at += 2 * lines;
  const roles = new Uint8Array(buffer, at, lines);

  for (let index = 2; index < points.length; index += 1) {
    points[index] = (points[index] ?? 0) + (points[index - 2] ?? 0);
  }
  return {
    header,
    points,
    firstPoint: sums(counts),
    roles,
    firstLine: sums(header.layer_lines),
  };
}

function sums(counts: ArrayLike<number>): Uint32Array {
  const found = new Uint32Array(counts.length + 1);
  for (let index = 0; index < counts.length; index += 1) {
    found[index + 1] = (found[index] ?? 0) + (counts[index] ?? 0);
  }
  return found;
}
