// The matches of a pass as lines over its segments: who lends, where the copy went, beside whom.

const SVG = "http://www.w3.org/2000/svg";
const AHEAD = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export class Matches {
  /** `svg` lies over the picture, `inset` over the source where there is one; `onTell(text)` gets words. */
  constructor(svg, inset, onTell) {
    Object.assign(this, { svg, inset, onTell, lines: [], dots: [], active: -1 });
    svg.addEventListener("keydown", (event) => this.step(event));
    for (const type of ["pointerover", "focusin"]) {
      svg.addEventListener(type, ({ target }) => this.light(this.lines.indexOf(target.closest(".match"))));
    }
    for (const type of ["pointerleave", "focusout"]) svg.addEventListener(type, () => this.light(-1));
  }

  /** Draw those of an explanation, as `/jobs/{id}/explanation` has it. */
  show({ width, height, source, segments, matches }) {
    this.clear();
    Object.assign(this, { width, height, source, segments, matches });
    // Places are told from the middle of the first pixel.
    this.svg.setAttribute("viewBox", `-0.5 -0.5 ${width} ${height}`);
    this.lines = matches.map((match, index) => this.line(match, index));
    this.lit = made("g", { class: "lit" });
    this.svg.append(...this.lines, this.lit);
    this.svg.removeAttribute("hidden");
    if (this.lines.length) this.lines[0].setAttribute("tabindex", "0");
    if (!source) return;
    this.inset.setAttribute("viewBox", `-0.5 -0.5 ${source.width} ${source.height}`);
    this.dots = matches.map(({ from }) => dot(from));
    this.inset.append(...this.dots);
  }

  clear() {
    this.svg.replaceChildren();
    this.inset.replaceChildren();
    this.svg.setAttribute("hidden", "");
    Object.assign(this, { lines: [], dots: [], active: -1 });
  }

  // A stroke of the picture itself comes from within it; one of a source lies there, not here.
  line(match, index) {
    const { from, to, beside } = match;
    const ends = this.source ? { from: beside, to } : { from, to };
    const label = `Match ${index + 1} of ${this.matches.length}: ${this.words(match)}`;
    const group = made("g", { class: "match", role: "img", tabindex: "-1", "aria-label": label });
    group.append(between(ends.from, ends.to, "reach"), between(ends.from, ends.to, "seen"), dot(to));
    return group;
  }

  words({ from, to, turn, distance }) {
    const origin = this.source ? `${place(from)} in the source` : place(from);
    return `from ${origin} to ${place(to)}, turned ${Math.round(turn)}°, spectral distance ${distance.toFixed(2)}`;
  }

  /** Show one match alone, -1 for all of them. */
  light(index) {
    if (index === this.active || !this.matches) return;
    this.active = index;
    this.svg.classList.toggle("one", index >= 0);
    this.lines.forEach((line, at) => line.classList.toggle("active", at === index));
    this.dots.forEach((each, at) => each.classList.toggle("active", at === index));
    this.lit.replaceChildren(...(index < 0 ? [] : this.parts(this.matches[index])));
    if (index >= 0) this.makeRoom(this.matches[index].to);
    this.onTell(index < 0 ? "" : this.lines[index].getAttribute("aria-label"));
  }

  // The source hangs in the lower left, but for what is shown there.
  makeRoom({ x, y }) {
    this.inset.parentElement.classList.toggle("aside", x < this.width / 2 && y > this.height / 2);
  }

  // The stroke that lends, its copy where it was laid, and the segment that it was matched to.
  parts({ from, to, beside, turn }) {
    const near = this.boxAt(beside);
    const parts = [between(to, beside, "near"), ...(near ? [box(near, "near")] : [])];
    const stroke = this.source ? null : this.boxAt(from);
    if (!stroke) return parts;
    const { width, height } = stroke;
    const copy = box({ x: to.x - width / 2, y: to.y - height / 2, width, height }, "copy");
    copy.setAttribute("transform", `rotate(${turn} ${to.x} ${to.y})`);
    return [...parts, box(stroke, "stroke"), copy];
  }

  // The one box around a place; among several there is no telling which.
  boxAt({ x, y }) {
    const around = this.segments.filter((each) =>
      each.x <= x && x <= each.x + each.width && each.y <= y && y <= each.y + each.height);
    return around.length === 1 ? { ...around[0], x: around[0].x - 0.5, y: around[0].y - 0.5 } : null;
  }

  step(event) {
    const last = this.lines.length - 1;
    const now = this.lines.indexOf(document.activeElement);
    const ends = { Home: 0, End: last };
    const next = ends[event.key] ?? (event.key in AHEAD ? now + AHEAD[event.key] : null);
    if (next === null || now < 0) return;
    event.preventDefault();
    const place = Math.min(last, Math.max(0, next));
    this.lines[now].setAttribute("tabindex", "-1");
    this.lines[place].setAttribute("tabindex", "0");
    this.lines[place].focus({ preventScroll: true });
  }
}

const place = ({ x, y }) => `${Math.round(x)}, ${Math.round(y)}`;

function made(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

const between = (a, b, kind) => made("line", { class: kind, x1: a.x, y1: a.y, x2: b.x, y2: b.y });
// A line without length and with round ends: a dot that keeps its size, however large the picture is.
const dot = (at) => between(at, at, "dot");
const box = ({ x, y, width, height }, kind) => made("rect", { class: kind, x, y, width, height });
