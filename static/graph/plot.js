// The graph on its canvas: edges as thin lines, nodes in the colour of their value.

import { ForceLayout } from "./layout.js";
import { COLOURS, levelOf } from "./viridis.js";

const MOST_SHOWN = 20_000; // nodes; of more a sample is drawn
const MOST_LAID_OUT = 6000; // nodes without coordinates
const MARGIN = 14; // CSS pixels
const LARGEST = 9; // radius of a node
const SPREAD = 0.36; // radius over the distance to a neighbour, where nodes are spread evenly
const CROWDED = 0.16; // where forces have laid them out
const FILLS = 0.6; // of the way to what would fill the gaps, while little is known
const MOST_LARGER = 4;
const STEPS_MS = 12; // of a frame, for the layout
const SQUARE = 2.2; // radius up to which a node is a square
const REACH = 24; // of the pointer

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

export class Plot {
  /** `onPoint(node)` when a node is pointed at, null when none is. */
  constructor(canvas, onPoint) {
    Object.assign(this, { canvas, onPoint, frame: 0, graph: null, values: null, pointed: null });
    this.context = canvas.getContext("2d");
    new ResizeObserver(() => this.redraw()).observe(canvas);
    dark.addEventListener("change", () => this.redraw());
    canvas.addEventListener("pointermove", (event) => this.point(this.nearest(event)));
    canvas.addEventListener("pointerleave", () => this.point(null));
    canvas.addEventListener("blur", () => this.point(null));
    canvas.addEventListener("keydown", (event) => this.walk(event));
  }

  /** Show `{n, src, dst, x, y}`, or nothing; x and y are null where it has no coordinates. */
  hang(graph) {
    Object.assign(this, { graph, layout: null, values: null, range: null });
    this.point(null);
    if (!graph) return this.redraw();
    const { n, src, dst } = graph;
    this.drawable = Boolean(graph.x) || n <= MOST_LAID_OUT;
    if (!graph.x && this.drawable) this.layout = new ForceLayout({ n, src, dst });
    [this.x, this.y] = this.layout ? [this.layout.x, this.layout.y] : [graph.x, graph.y];
    const share = MOST_SHOWN / n;
    this.shown = Int32Array.from({ length: n }, (_, i) => i).filter((i) => share >= 1 || scattered(i) < share);
    this.redraw();
  }

  /** How many nodes are drawn. */
  get drawn() {
    return this.graph && this.drawable ? this.shown.length : 0;
  }

  /** A value for each node, NaN where there is none yet, and the range of those that there are. */
  colour(values, range) {
    Object.assign(this, { values, range });
    this.redraw();
  }

  redraw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.settle();
      this.paint();
    });
  }

  settle() {
    const { layout } = this;
    if (!layout || layout.settled) return;
    const end = performance.now() + STEPS_MS;
    do layout.step(); while (!layout.settled && performance.now() < end);
    this.redraw();
  }

  paint() {
    const { canvas, context } = this;
    const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio];
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.drawn || (calm.matches && this.layout && !this.layout.settled)) return;
    this.fit(width, height);
    const style = getComputedStyle(canvas);
    if (this.drawn === this.graph.n) this.paintEdges(style.getPropertyValue("--edge"));
    this.paintNodes(style.getPropertyValue("--unknown"));
    if (this.pointed !== null) this.paintRing(style.color);
  }

  // From coordinates to CSS pixels, and how large a node may be.
  fit(width, height) {
    const { x, y, shown } = this;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const i of shown) {
      left = Math.min(left, x[i]);
      right = Math.max(right, x[i]);
      top = Math.min(top, y[i]);
      bottom = Math.max(bottom, y[i]);
    }
    const [wide, tall] = [right - left || 1, bottom - top || 1];
    const most = LARGEST + MARGIN;
    const scale = Math.min((width - 2 * most) / wide, (height - 2 * most) / tall);
    const each = (wide * tall) / shown.length; // the area that a node has
    const share = this.layout ? CROWDED : SPREAD;
    this.radius = Math.min(LARGEST, Math.max(0.8, share * scale * Math.sqrt(each)));
    this.at = { scale, left: (width - scale * (left + right)) / 2, top: (height - scale * (top + bottom)) / 2 };
  }

  px(i) {
    return this.at.left + this.at.scale * this.x[i];
  }

  py(i) {
    return this.at.top + this.at.scale * this.y[i];
  }

  paintEdges(colour) {
    const { context, graph: { src, dst } } = this;
    context.beginPath();
    for (let e = 0; e < src.length; e++) {
      context.moveTo(this.px(src[e]), this.py(src[e]));
      context.lineTo(this.px(dst[e]), this.py(dst[e]));
    }
    context.strokeStyle = colour;
    context.lineWidth = Math.min(1, this.radius / 3);
    context.stroke();
  }

  // Colour by colour: to change it is what costs. What is known shows larger while it is little: it
  // comes from all over the graph alike.
  paintNodes(unknown) {
    const levels = new Map();
    for (const i of this.shown) {
      const value = this.values?.[i] ?? NaN;
      const colour = Number.isNaN(value) ? unknown : COLOURS[levelOf(value, this.range.low, this.range.high)];
      if (!levels.has(colour)) levels.set(colour, []);
      levels.get(colour).push(i);
    }
    const dim = levels.get(unknown) ?? [];
    levels.delete(unknown);
    this.fill(unknown, dim, this.radius);
    const share = 1 - dim.length / this.shown.length;
    const larger = Math.min(MOST_LARGER, Math.max(1, FILLS / Math.sqrt(share)));
    for (const [colour, nodes] of levels) this.fill(colour, nodes, Math.min(LARGEST, larger * this.radius));
  }

  fill(colour, nodes, radius) {
    const { context } = this;
    context.fillStyle = colour;
    context.beginPath();
    for (const i of nodes) {
      const [x, y] = [this.px(i), this.py(i)];
      if (radius <= SQUARE) context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
      else {
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 2 * Math.PI);
      }
    }
    context.fill();
  }

  paintRing(colour) {
    const { context } = this;
    context.beginPath();
    context.arc(this.px(this.pointed), this.py(this.pointed), this.radius + 3, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.stroke();
  }

  /** Where a node is, in CSS pixels of the canvas. */
  place(node) {
    return { x: this.px(node), y: this.py(node) };
  }

  point(node) {
    if (node === this.pointed) return;
    this.pointed = node;
    this.onPoint(node);
    this.redraw();
  }

  nearest({ offsetX, offsetY }) {
    return this.best((dx, dy) => {
      const square = dx * dx + dy * dy;
      return square < REACH * REACH ? square : Infinity;
    }, { x: offsetX, y: offsetY });
  }

  // The node with the least cost by its way from here, null where all cost too much.
  best(cost, from) {
    if (!this.drawn || !this.at) return null;
    let [found, least] = [null, Infinity];
    for (const i of this.shown) {
      const here = cost(this.px(i) - from.x, this.py(i) - from.y);
      if (here < least) [found, least] = [i, here];
    }
    return found;
  }

  /** To the next node in the direction of an arrow key. */
  walk(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "Escape") return this.point(null);
    const way = ways[event.key];
    if (!way || !this.drawn || !this.at) return;
    event.preventDefault();
    if (this.pointed === null) return this.point(this.shown[0]);
    const next = this.best((dx, dy) => {
      const along = dx * way[0] + dy * way[1];
      const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      return along > 0.5 && aside <= along ? along + 2 * aside : Infinity;
    }, this.place(this.pointed));
    if (next !== null) this.point(next);
  }
}

// A number in 0..1 for a node, without a pattern that a lattice would show.
function scattered(i) {
  let z = Math.imul(i ^ (i >>> 16), 0x45d9f3b);
  z = Math.imul(z ^ (z >>> 16), 0x45d9f3b);
  return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
}
