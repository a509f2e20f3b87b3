// The two canvases: the field lighting up tile by tile, and the picture so far.

const SIDE = 640; // pixels of the longer side: previews have at most 512
const FRAME_MS = 30; // at least, from one frame to the next: the page often shares its cores with the worker
const RISE_MS = 180; // in which light comes by 1 - 1/e nearer to what a certificate says
const GRAIN = 2; // canvas pixels per cell of the light mask

// How strongly a tile shows, by its certificate.
const LIGHT = { coarse: 0.35, refining: 0.6, converged: 1, degenerate: 0.85 };
const UNCERTIFIED = 0.35; // a preview for which no certificate was heard

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** A canvas that stands for a whole picture, drawn to in the picture's own pixels. */
class Panel {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.fullWidth = this.fullHeight = 0;
  }

  /** Clear, and take the size of a picture; false when the size stays. */
  fit(fullWidth, fullHeight) {
    if (fullWidth === this.fullWidth && fullHeight === this.fullHeight) return false;
    [this.fullWidth, this.fullHeight] = [fullWidth, fullHeight];
    this.scale = SIDE / Math.max(fullWidth, fullHeight);
    this.canvas.width = Math.max(1, Math.round(fullWidth * this.scale));
    this.canvas.height = Math.max(1, Math.round(fullHeight * this.scale));
    return true;
  }

  paint(bitmap, { x, y, width, height }) {
    const s = this.scale;
    this.context.clearRect(x * s, y * s, width * s, height * s);
    this.context.drawImage(bitmap, x * s, y * s, width * s, height * s);
  }
}

/** The picture so far, from image previews or whole pictures. */
export class PictureCanvas extends Panel {
  clear() {
    this.fullWidth = this.fullHeight = 0;
    this.canvas.width = this.canvas.height = 1;
  }

  preview(header, bitmap) {
    this.fit(header.full_width, header.full_height);
    this.paint(bitmap, header);
  }

  whole(bitmap) {
    this.fit(bitmap.width, bitmap.height);
    this.paint(bitmap, { x: 0, y: 0, width: bitmap.width, height: bitmap.height });
  }
}

/**
 * The field: previews give its colours, certificates say how strongly each tile shows.
 * Light rises and falls smoothly, except where reduced motion is asked for.
 */
export class FieldCanvas {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.colours = new Panel(document.createElement("canvas"));
    this.mask = document.createElement("canvas");
    this.frame = 0;
    this.last = 0; // when a frame was painted
    this.begin(1, 1);
  }

  /** Start dark, for a picture of this size. */
  begin(fullWidth, fullHeight) {
    this.colours.fullWidth = 0;
    this.pass = 1;
    this.stale = false; // the pass is done: the first tile of the next one dims the rest
    this.certified = false;
    this.fit(fullWidth, fullHeight);
    this.redraw();
  }

  fit(fullWidth, fullHeight) {
    if (!this.colours.fit(fullWidth, fullHeight)) return;
    const { width, height } = this.colours.canvas;
    [this.canvas.width, this.canvas.height] = [width, height];
    this.mask.width = Math.ceil(width / GRAIN);
    this.mask.height = Math.ceil(height / GRAIN);
    this.wanted = new Float32Array(this.mask.width * this.mask.height);
    this.shown = new Float32Array(this.wanted.length);
    this.light = new ImageData(this.mask.width, this.mask.height);
    // Where a tile is certified before its colours are known, it shows the middle of viridis.
    this.colours.context.fillStyle = "#21918c";
    this.colours.context.fillRect(0, 0, width, height);
  }

  passDone(index) {
    if (index < this.pass) return; // heard before, from the job document
    this.pass = index + 1;
    this.stale = true;
  }

  /** Certificates were missed: until there are new ones, previews count as coarse. */
  missed() {
    this.certified = false;
  }

  tiles(certificates) {
    if (certificates.length === 0) return;
    this.dimIfStale();
    this.certified = true;
    for (const tile of certificates) this.raise(tile, LIGHT[tile.status] ?? UNCERTIFIED);
    this.animate();
  }

  preview(header, bitmap) {
    if (header.pass && header.pass < this.pass) return; // of a pass that is over
    if (header.pass > this.pass) this.passDone(header.pass - 1);
    this.dimIfStale();
    this.fit(header.full_width, header.full_height);
    this.colours.paint(bitmap, header);
    if (!this.certified) this.raise(header, UNCERTIFIED);
    this.animate();
  }

  dimIfStale() {
    if (!this.stale) return;
    this.stale = this.certified = false;
    this.wanted.fill(0);
  }

  // Tiles overlap: a pixel shows as strongly as the best tile over it.
  raise({ x, y, width, height }, strength) {
    const s = this.colours.scale / GRAIN;
    const left = Math.max(0, Math.round(x * s));
    const right = Math.min(this.mask.width, Math.max(left + 1, Math.round((x + width) * s)));
    const top = Math.max(0, Math.round(y * s));
    const bottom = Math.min(this.mask.height, Math.max(top + 1, Math.round((y + height) * s)));
    for (let row = top; row < bottom; row++) {
      for (let i = row * this.mask.width + left, end = i - left + right; i < end; i++) {
        if (this.wanted[i] < strength) this.wanted[i] = strength;
      }
    }
  }

  /** Where all is as strong as it gets there is nothing to tell; else the light as a picture's mask. */
  async lightMask() {
    if (!this.certified || this.wanted.every((light) => light >= LIGHT.degenerate)) return null;
    this.wanted.forEach((light, i) => (this.light.data[4 * i + 3] = 255 * light));
    this.mask.getContext("2d").putImageData(this.light, 0, 0);
    return new Promise((resolve) => this.mask.toBlob(resolve));
  }

  animate() {
    this.frame ||= requestAnimationFrame((now) => this.step(now));
  }

  step(now) {
    this.frame = 0;
    const passed = now - this.last;
    if (passed < FRAME_MS) return this.animate();
    this.last = now;
    const share = calm.matches ? 1 : 1 - Math.exp(-Math.min(passed, RISE_MS) / RISE_MS); // of the way
    let moving = false;
    for (let i = 0; i < this.shown.length; i++) {
      const way = this.wanted[i] - this.shown[i];
      if (way === 0) continue;
      const near = Math.abs(way) < 0.01;
      this.shown[i] = near ? this.wanted[i] : this.shown[i] + share * way;
      moving ||= !near;
    }
    this.redraw();
    if (moving) this.animate();
  }

  redraw() {
    const alpha = this.light.data;
    for (let i = 0; i < this.shown.length; i++) alpha[4 * i + 3] = 255 * this.shown[i];
    this.mask.getContext("2d").putImageData(this.light, 0, 0);

    const { context } = this;
    const { width, height } = this.canvas;
    context.globalCompositeOperation = "copy";
    context.drawImage(this.colours.canvas, 0, 0);
    context.globalCompositeOperation = "destination-in";
    context.imageSmoothingEnabled = false;
    context.drawImage(this.mask, 0, 0, width, height);
  }
}
