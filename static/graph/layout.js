// A layout by forces, for graphs without coordinates: nodes repel each other, edges pull.

import { placed } from "./landmarks.js";
import { Quadtree } from "./quadtree.js";

const REPULSION = 0.3; // of two nodes at distance 1, the length of an edge at rest
const PULL_IN = 0.01; // to the middle, so that components stay in sight
const SMALLER = 0.25; // the smaller a component, the more: by this power of its share of the nodes
const WIDE = 0.9; // side over distance, up to which a cell acts as one
const FRICTION = 0.6;
const COOLING = 0.99;
const COLD = 0.02;

export class ForceLayout {
  constructor({ n, src, dst }) {
    Object.assign(this, { n, src, dst, heat: 1, tree: new Quadtree(n), stack: new Int32Array(1024) });
    for (const name of ["vx", "vy", "degree"]) this[name] = new Float64Array(n);
    Object.assign(this, placed({ n, src, dst }));
    for (const node of src) this.degree[node]++;
    for (const node of dst) this.degree[node]++;
    this.pullIn = componentSizes(n, src, dst).map((size) => PULL_IN * (n / size) ** SMALLER);
  }

  get settled() {
    return this.heat < COLD;
  }

  step() {
    const { n, x, y, vx, vy, heat, pullIn } = this;
    this.tree.build(x, y);
    for (let i = 0; i < n; i++) this.repel(i);
    this.pull();
    for (let i = 0; i < n; i++) {
      vx[i] = (vx[i] - pullIn[i] * heat * x[i]) * FRICTION;
      vy[i] = (vy[i] - pullIn[i] * heat * y[i]) * FRICTION;
      x[i] += vx[i];
      y[i] += vy[i];
    }
    this.heat *= COOLING;
  }

  repel(i) {
    const { tree, stack, x, y } = this;
    let [fx, fy, size] = [0, 0, 1];
    stack[0] = 0;
    while (size > 0) {
      const cell = stack[--size];
      if (tree.point[cell] === i && tree.mass[cell] === 1) continue;
      const dx = x[i] - tree.x[cell];
      const dy = y[i] - tree.y[cell];
      const square = dx * dx + dy * dy;
      if (tree.point[cell] >= 0 || tree.side[cell] ** 2 < WIDE * WIDE * square) {
        const force = tree.mass[cell] / Math.max(square, 0.05);
        fx += force * dx;
        fy += force * dy;
        continue;
      }
      for (let q = 4 * cell; q < 4 * cell + 4; q++) if (tree.child[q]) stack[size++] = tree.child[q];
    }
    this.vx[i] += REPULSION * this.heat * fx;
    this.vy[i] += REPULSION * this.heat * fy;
  }

  // The ends of an edge share its pull by how many edges they have.
  pull() {
    const { src, dst, x, y, vx, vy, degree, heat } = this;
    for (let e = 0; e < src.length; e++) {
      const [a, b] = [src[e], dst[e]];
      const dx = x[b] + vx[b] - x[a] - vx[a];
      const dy = y[b] + vy[b] - y[a] - vy[a];
      const length = Math.hypot(dx, dy) || 1e-6;
      const force = (heat * (length - 1)) / length / Math.min(degree[a], degree[b]);
      const share = degree[a] / (degree[a] + degree[b]);
      vx[b] -= force * dx * share;
      vy[b] -= force * dy * share;
      vx[a] += force * dx * (1 - share);
      vy[a] += force * dy * (1 - share);
    }
  }
}

/** Of each node, how many there are in its component. */
export function componentSizes(n, src, dst) {
  const up = Int32Array.from({ length: n }, (_, i) => i);
  const top = (i) => {
    while (up[i] !== i) i = up[i] = up[up[i]];
    return i;
  };
  for (let e = 0; e < src.length; e++) up[top(src[e])] = top(dst[e]);
  const sizes = new Float64Array(n);
  for (let i = 0; i < n; i++) sizes[top(i)]++;
  return sizes.map((_, i) => sizes[top(i)]);
}
