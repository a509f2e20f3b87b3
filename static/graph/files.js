// Graphs from files: what there is to draw of them. The service reads the file itself, and is stricter.

import { Edges } from "./grids.js";
import { readNpz } from "./npz.js";
import { GENERATORS } from "./generators.js";

const MOST_NODES = 2_000_000; // that the service takes

/**
 * `{n, src, dst, x, y}` of a file; x and y are null where it has no coordinates. `known` are the
 * parameters of each generator, whose defaults a file may leave out.
 */
export async function readGraph(file, known = {}) {
  const buffer = await file.arrayBuffer();
  const [first, second] = new Uint8Array(buffer);
  const isZip = first === 0x50 && second === 0x4b;
  const drawn = isZip ? ofArrays(await readNpz(buffer)) : ofDocument(JSON.parse(new TextDecoder().decode(buffer)), known);
  if (drawn.n > MOST_NODES) throw new RangeError(`it has ${drawn.n} nodes`);
  const isNode = (node) => node >= 0 && node < drawn.n;
  if (!(drawn.n >= 1) || !drawn.src.every(isNode) || !drawn.dst.every(isNode)) {
    throw new TypeError("an edge ends at a node that there is not");
  }
  return drawn;
}

function ofDocument({ n, edges, coords, generator, params }, known) {
  if (generator === "heightfield") {
    const [rows, cols] = [params.heights.length, params.heights[0].length];
    return GENERATORS.heightfield.draw({ hills: 0, seed: 0, connectivity: 4, ...params, rows, cols });
  }
  if (generator === "gnp") throw new TypeError("the edges of gnp are drawn by the service alone");
  if (generator) {
    const usual = Object.fromEntries(known[generator].map((each) => [each.key, Number(each.usual)]));
    return GENERATORS[generator].draw({ ...usual, ...params });
  }
  const axis = (i) => coords ? Float64Array.from(coords, (point) => point[i]) : null;
  return { n, src: Int32Array.from(edges.src), dst: Int32Array.from(edges.dst), x: axis(0), y: axis(1) };
}

function ofArrays({ n, src, dst, indptr, indices, coords }) {
  const axis = (i) => coords ? Float64Array.from({ length: coords.shape[0] }, (_, node) => coords.values[2 * node + i]) : null;
  const nodes = indptr ? indptr.values.length - 1 : n.values[0];
  const edges = indptr ? ofRows(indptr.values, indices.values) : { src: Int32Array.from(src.values), dst: Int32Array.from(dst.values) };
  return { n: nodes, ...edges, x: axis(0), y: axis(1) };
}

// Each edge is there in both directions.
function ofRows(starts, columns) {
  const edges = new Edges();
  for (let row = 0; row + 1 < starts.length; row++) {
    for (let i = starts[row]; i < starts[row + 1]; i++) if (row < columns[i]) edges.add(row, columns[i]);
  }
  return edges.arrays();
}
