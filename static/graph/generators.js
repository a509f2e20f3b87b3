// The service's generators, drawn as it draws them: the same nodes, numbers, edges, coordinates.

import { parameters } from "../form/schema.js";
import { Edges, grid } from "./grids.js";
import { random, uniform } from "./random.js";

const MOST_NODES = 2_000_000; // that the service takes
const MOST_EDGES = 300_000; // that a page writes out

/**
 * By name: what it is, `draw(values)` to `{n, src, dst, x, y}`, the properties that are the page's
 * `own` or are `without` a control, and, where it differs from these values, the
 * `document(values, drawn)` that stands for it.
 */
export const GENERATORS = {
  territory: { title: "Territory", about: "Islands, joined by bridges.", draw: territory },
  square: { title: "Square", about: "A square lattice.", draw: square },
  triangle: { title: "Triangle", about: "A triangular lattice.", draw: triangle },
  hex: { title: "Hex", about: "A hexagonal lattice, as a brick wall.", draw: hex },
  pinched: { title: "Pinched", about: "A square lattice that lacks vertical edges in some columns.", draw: pinched },
  heightfield: {
    title: "Landscape",
    about: "Hills: a step costs its length and its climb.",
    own: {
      rows: { type: "integer", minimum: 1, maximum: 100, default: 24, description: "Rows of heights (a count)." },
      cols: { type: "integer", minimum: 1, maximum: 100, default: 40, description: "Columns of heights (a count)." },
      hills: { type: "integer", minimum: 0, maximum: 50, default: 5, description: "Hills (a count)." },
      seed: { type: "integer", minimum: 0, maximum: 1_000_000, default: 0, description: "Another number, another landscape." },
    },
    without: ["heights", "blocked"],
    draw: heightfield,
    document: ({ elevation_scale, connectivity }, { heights }) => ({
      generator: "heightfield", params: { heights, elevation_scale, connectivity },
    }),
  },
  gnp: {
    title: "Random",
    about: "Every pair of nodes is joined with the same probability.",
    draw: gnp,
    document: (_, { n, src, dst }) => ({
      format: "itten.graph/1", n, edges: { src: [...src], dst: [...dst] }, symmetric: "upper",
    }),
  },
};

/** The parameters of each generator by its name, as the service's `schemas` have them. */
export function generatorParameters({ Graph: { oneOf }, ...schemas }) {
  const models = oneOf.filter(({ properties }) => properties.generator.const)
    .map(({ properties: { generator, params } }) => [generator.const, schemas[params.$ref.split("/").at(-1)]]);
  return Object.fromEntries(models.filter(([name]) => name in GENERATORS).map(([name, { properties }]) => {
    const { own = {}, without = [] } = GENERATORS[name];
    const known = parameters({ properties: { ...own, ...properties } }).filter((each) => !without.includes(each.name));
    return [name, known.map((each) => ({ ...each, key: each.name, name: `graph.params.${each.name}` }))];
  }));
}

/** The document of a drawn graph. */
export function documentOf(name, values, drawn) {
  const { document } = GENERATORS[name];
  return document ? document(values, drawn) : { generator: name, params: values };
}

// Of a graph that is too large to be drawn.
function refuseOver(most, count, what) {
  if (count > most) throw new RangeError(`some ${Math.round(count)} ${what}; it takes ${most}`);
}

function lattice(rows, cols, steps) {
  refuseOver(MOST_NODES, rows * cols, "nodes");
  return grid(rows, cols, steps);
}

function square({ rows, cols }) {
  return lattice(rows, cols, [[0, 1], [1, 0]]);
}

function triangle({ rows, cols }) {
  const drawn = lattice(rows, cols, [
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
  return lattice(rows, cols, [[0, 1], [1, 0, (row, col) => (row + col) % 2 === 0]]);
}

// Which edges are missing is a hash of seed, x and y.
function pinched({ x_range: cols, y_range: rows, period, bottleneck_prob: share, seed }) {
  const first = BigInt(seed) << 21n;
  const kept = (y, x) => x % period !== 0 || uniform(first + BigInt(x) + (BigInt(y) << 42n)) >= share;
  return lattice(rows, cols, [[0, 1], [1, 0, kept]]);
}

function territory({ num_islands: islands, radius, bridge_width: width, spacing }) {
  refuseOver(MOST_NODES, islands * (3 * radius * radius + Math.max(1, spacing - 2 * radius + 1) * width), "nodes");
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
  return { ...lattice(rows, cols, steps), heights };
}

// From one edge to the next by geometric gaps. The page's own dice: the edges are written out.
function gnp({ n, p, seed }) {
  const next = random(seed);
  const edges = new Edges();
  refuseOver(MOST_NODES, n, "nodes");
  refuseOver(MOST_EDGES, p * n * (n - 1) / 2, "edges");
  for (let i = 0, j = 0; p > 0 && i < n;) {
    j += p < 1 ? 1 + Math.floor(Math.log(1 - next()) / Math.log(1 - p)) : 1;
    for (; j > n - 1 - i && i < n; i++) j -= n - 1 - i;
    if (i < n - 1) edges.add(i, i + j);
  }
  return { n, ...edges.arrays(), x: null, y: null };
}
