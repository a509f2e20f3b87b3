// The service's generators, drawn as it draws them: the same nodes, numbers, edges, coordinates.

import { Edges, grid } from "./grids.js";
import { random, uniform } from "./random.js";

const MOST_EDGES = 300_000; // that a page writes out

const whole = (name, usual, min, max, description) => number(name, usual, min, max, description, true);

function number(name, usual, min, max, description, isWhole = false) {
  const words = name.replaceAll("_", " ").replace("num ", "");
  return {
    name: `graph.params.${name}`,
    key: name,
    label: words[0].toUpperCase() + words.slice(1),
    type: "number",
    choices: [],
    unit: "",
    above: false,
    whole: isWhole,
    usual: String(usual),
    min,
    max,
    description,
  };
}

const ROWS = whole("rows", 24, 1, 500, "Rows of the lattice (a count).");
const COLS = whole("cols", 40, 1, 500, "Columns of the lattice (a count).");
const SEED = whole("seed", 0, 0, 2 ** 32 - 1, "Another number, another graph.");

/**
 * By name: what it is, its parameters, `draw(values)` to `{n, src, dst, x, y}` and, where it differs
 * from these values, the `document(values, drawn)` that stands for it.
 */
export const GENERATORS = {
  territory: {
    title: "Territory",
    about: "Islands, joined by bridges.",
    parameters: [
      whole("num_islands", 3, 1, 50, "Islands in a row (a count)."),
      whole("radius", 6, 0, 60, "Of an island, in steps of the lattice."),
      whole("bridge_width", 1, 1, 60, "Rows of a bridge (a count)."),
      whole("spacing", 18, 1, 200, "From centre to centre, in steps of the lattice."),
    ],
    draw: territory,
  },
  square: { title: "Square", about: "A square lattice.", parameters: [ROWS, COLS], draw: square },
  triangle: { title: "Triangle", about: "A triangular lattice.", parameters: [ROWS, COLS], draw: triangle },
  hex: { title: "Hex", about: "A hexagonal lattice, as a brick wall.", parameters: [ROWS, COLS], draw: hex },
  pinched: {
    title: "Pinched",
    about: "A square lattice that lacks vertical edges in some columns.",
    parameters: [
      whole("x_range", 40, 1, 500, "Columns (a count)."),
      whole("y_range", 24, 1, 500, "Rows (a count)."),
      whole("period", 8, 1, 500, "From one thin column to the next, in columns."),
      number("bottleneck_prob", 0.7, 0, 1, "How many vertical edges are missing there (share)."),
      SEED,
    ],
    draw: pinched,
  },
  heightfield: {
    title: "Landscape",
    about: "Hills: a step costs its length and its climb.",
    parameters: [
      whole("rows", 24, 1, 100, ROWS.description),
      whole("cols", 40, 1, 100, COLS.description),
      whole("hills", 5, 0, 50, "Hills (a count)."),
      number("elevation_scale", 1, 0, 20, "What a climb of 1 costs, beside a step of 1 (no unit)."),
      { ...whole("connectivity", 4, 4, 8, "Neighbours of a point (a count)."), type: "choice", choices: [4, 8] },
      SEED,
    ],
    draw: heightfield,
    document: ({ elevation_scale, connectivity }, { heights }) => ({
      generator: "heightfield", params: { heights, elevation_scale, connectivity },
    }),
  },
  gnp: {
    title: "Random",
    about: "Every pair of nodes is joined with the same probability.",
    parameters: [
      whole("n", 300, 1, 5000, "Nodes (a count)."),
      number("p", 0.012, 0, 1, "That a pair is joined (share)."),
      SEED,
    ],
    draw: gnp,
    document: (_, { n, src, dst }) => ({
      format: "itten.graph/1", n, edges: { src: [...src], dst: [...dst] }, symmetric: "upper",
    }),
  },
};

/** The document of a drawn graph. */
export function documentOf(name, values, drawn) {
  const { document } = GENERATORS[name];
  return document ? document(values, drawn) : { generator: name, params: values };
}

function square({ rows, cols }) {
  return grid(rows, cols, [[0, 1], [1, 0]]);
}

function triangle({ rows, cols }) {
  const drawn = grid(rows, cols, [
    [0, 1], [1, 0],
    [1, -1, (row) => row % 2 === 0],
    [1, 1, (row) => row % 2 === 1],
  ]);
  for (let i = 0; i < drawn.n; i++) {
    drawn.x[i] += (drawn.y[i] % 2) / 2;
    drawn.y[i] *= Math.sqrt(3) / 2;
  }
  return drawn;
}

function hex({ rows, cols }) {
  return grid(rows, cols, [[0, 1], [1, 0, (row, col) => (row + col) % 2 === 0]]);
}

// Which edges are missing is a hash of seed, x and y.
function pinched({ x_range: cols, y_range: rows, period, bottleneck_prob: share, seed }) {
  const first = BigInt(seed) << 21n;
  const kept = (y, x) => x % period !== 0 || uniform(first + BigInt(x) + (BigInt(y) << 42n)) >= share;
  return grid(rows, cols, [[0, 1], [1, 0, kept]]);
}

function territory({ num_islands: islands, radius, bridge_width: width, spacing }) {
  const points = new Map(); // column by column, from the top: the order of the nodes
  const low = -Math.floor(width / 2);
  const [left, top] = [-radius, Math.min(-radius, low)];
  const side = Math.max(radius, low + width - 1) - top + 2; // a row stays free between two columns
  const put = (x, y) => points.set((x - left) * side + y - top, [x, y]);
  for (let island = 0; island < islands; island++) {
    for (let dx = -radius; dx <= radius; dx++) {
      for (let dy = -radius; dy <= radius; dy++) {
        if (dx * dx + dy * dy <= radius * radius + radius) put(island * spacing + dx, dy);
      }
    }
    for (let step = 0; island < islands - 1 && step <= spacing - 2 * radius; step++) {
      for (let row = 0; row < width; row++) put(island * spacing + radius + step, low + row);
    }
  }
  const codes = [...points.keys()].sort((a, b) => a - b);
  const number = new Map(codes.map((code, i) => [code, i]));
  const edges = new Edges();
  for (const step of [1, side]) {
    codes.forEach((code, i) => number.has(code + step) && edges.add(i, number.get(code + step)));
  }
  const coordinate = (axis) => Float64Array.from(codes, (code) => points.get(code)[axis]);
  return { n: codes.length, ...edges.arrays(), x: coordinate(0), y: coordinate(1) };
}

function heightfield({ rows, cols, hills, connectivity, seed }) {
  const next = random(seed);
  const tops = Array.from({ length: hills }, () => [next() * cols, next() * rows, (0.08 + 0.14 * next()) * Math.max(rows, cols), 2 + 6 * next()]);
  const height = (x, y) => tops.reduce((sum, [cx, cy, width, top]) => sum + top * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * width * width)), 0);
  const heights = Array.from({ length: rows }, (_, y) => Array.from({ length: cols }, (_, x) => Number(height(x, y).toFixed(2))));
  const steps = Number(connectivity) === 4 ? [[0, 1], [1, 0]] : [[0, 1], [1, -1], [1, 0], [1, 1]];
  return { ...grid(rows, cols, steps), heights };
}

// From one edge to the next by geometric gaps. The page's own dice: the edges are written out.
function gnp({ n, p, seed }) {
  const next = random(seed);
  const edges = new Edges();
  if (p * n * (n - 1) / 2 > MOST_EDGES) throw new RangeError(`some ${Math.round(p * n * (n - 1) / 2)} edges; the page draws ${MOST_EDGES}`);
  for (let i = 0, j = 0; p > 0 && i < n;) {
    j += p < 1 ? 1 + Math.floor(Math.log(1 - next()) / Math.log(1 - p)) : 1;
    for (; j > n - 1 - i && i < n; i++) j -= n - 1 - i;
    if (i < n - 1) edges.add(i, i + j);
  }
  return { n, ...edges.arrays(), x: null, y: null };
}
