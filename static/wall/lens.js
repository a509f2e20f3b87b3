// Zoom: both frames show the same part of the picture, moved by pointer, two fingers or arrow keys.

import { letHandsMove } from "./hands.js";

const STEP = 0.1; // of the frame, for one arrow key
const MOST = 4; // times as large as the frame, where that is more than
const LARGEST_PIXEL = 8; // CSS pixels for a picture's
const STEPS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Lens {
  /** `frames` hold a `.layers` element each; `onChange()` whenever another part is seen. */
  constructor(frames, button, onChange) {
    Object.assign(this, { frames, button, onChange, zoom: 1, x: 0, y: 0, width: 1 });
    button.addEventListener("click", () => this.toggle());
    for (const frame of frames) {
      frame.addEventListener("dblclick", (event) => this.toggle(this.at(frame, event)));
      frame.addEventListener("keydown", (event) => this.step(event));
      this.letDrag(frame);
    }
    new ResizeObserver(() => this.move(this.x, this.y)).observe(frames[0]);
  }

  /** A picture of this width in pixels hangs: look at all of it. */
  begin(width) {
    this.width = width;
    this.button.hidden = false;
    this.set(1);
  }

  /** All of the picture, or one picture pixel for each of the screen, around a point (-0.5..0.5). */
  toggle([x, y] = [0, 0]) {
    if (this.zoom !== 1) return this.set(1);
    const fit = this.layers(this.frames[0]).offsetWidth / this.width; // CSS pixels for a picture's
    const actual = 1 / devicePixelRatio / fit;
    // A picture that is enlarged as it is: by whole pixels, and clearly more.
    this.set(actual > 1.05 ? actual : Math.ceil(2 * fit) / fit, -x, -y);
  }

  set(zoom, x = 0, y = 0) {
    this.zoom = zoom;
    this.button.setAttribute("aria-pressed", String(zoom !== 1));
    for (const frame of this.frames) {
      frame.classList.toggle("zoomed", zoom !== 1);
      // Arrow keys move the picture.
      const attributes = { tabindex: "0", role: "group", "aria-label": "Part of the picture: arrow keys move it" };
      for (const [name, value] of Object.entries(attributes)) {
        if (zoom === 1) frame.removeAttribute(name);
        else frame.setAttribute(name, value);
      }
    }
    this.move(x, y);
  }

  /** Show the part whose offset from the middle is this, in shares of the picture. */
  move(x, y) {
    const [frame] = this.frames;
    const layers = this.layers(frame);
    const slack = (outer, inner) => Math.max(0, 0.5 - outer / (2 * inner * this.zoom));
    const most = [slack(frame.clientWidth, layers.offsetWidth), slack(frame.clientHeight, layers.offsetHeight)];
    [this.x, this.y] = [x, y].map((value, axis) => Math.min(most[axis], Math.max(-most[axis], value)) || 0);
    for (const { style } of this.frames) {
      style.setProperty("--zoom", String(this.zoom));
      style.setProperty("--pan-x", `${100 * this.x}%`);
      style.setProperty("--pan-y", `${100 * this.y}%`);
    }
    this.onChange();
  }

  /** Where a share of the frame's width lies in the picture, as a share of its width. */
  across(frame, share) {
    const width = this.layers(frame).offsetWidth;
    return 0.5 + ((share - 0.5) * frame.clientWidth) / (width * this.zoom || 1) - this.x;
  }

  step(event) {
    const step = STEPS[event.key];
    if (!step || this.zoom === 1 || event.target !== event.currentTarget) return;
    event.preventDefault();
    this.move(this.x + (step[0] * STEP) / this.zoom, this.y + (step[1] * STEP) / this.zoom);
  }

  letDrag(frame) {
    letHandsMove(frame, {
      takes: ({ target, pointerType }) => {
        if (pointerType === "touch") return !target.closest(".divider");
        if (this.zoom === 1 || target.closest(".divider, .match")) return false;
        frame.focus({ preventScroll: true });
        return true;
      },
      onMove: (from, to) => this.follow(frame, from, to),
    });
  }

  // What was under the hands stays there.
  follow(frame, from, to) {
    const layers = this.layers(frame);
    const { left, top, width, height } = frame.getBoundingClientRect();
    const most = Math.max(MOST, (LARGEST_PIXEL * this.width) / layers.offsetWidth);
    const zoom = Math.min(most, Math.max(1, (this.zoom * to.spread) / from.spread));
    const place = (from, to, middle, side, pan) => pan + (to - middle) / (side * zoom) - (from - middle) / (side * this.zoom);
    const x = place(from.x, to.x, left + width / 2, layers.offsetWidth, this.x);
    const y = place(from.y, to.y, top + height / 2, layers.offsetHeight, this.y);
    if (zoom === this.zoom) this.move(x, y);
    else this.set(zoom, x, y);
  }

  // Of the picture, from its middle.
  at(frame, { clientX, clientY }) {
    const box = this.layers(frame).getBoundingClientRect();
    return [(clientX - box.left) / box.width - 0.5, (clientY - box.top) / box.height - 0.5];
  }

  layers(frame) {
    return frame.querySelector(".layers");
  }
}
