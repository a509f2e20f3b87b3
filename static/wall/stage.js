// The wall: the original with what the machine sees in it, and the frame where the result comes to hang.

import { FieldCanvas, PictureCanvas } from "./canvas.js";
import { Compare } from "./compare.js";
import { Lens } from "./lens.js";
import { Views } from "./views.js";

const NARROWEST = 0.4; // width over height of a frame; the picture inside keeps its own
const WIDEST = 3;
const PIXEL_ART = 320; // pixels of the longer side up to which enlarging keeps hard edges
const MOST_LINES = 2e6; // bytes of an SVG that a browser still paints at once

const byId = (id) => document.getElementById(id);

export class Stage {
  constructor() {
    this.field = new FieldCanvas(byId("field"));
    this.live = new PictureCanvas(byId("live"));
    this.original = byId("original");
    this.result = byId("result");
    this.views = new Views(this.field, byId("drop"));
    this.compare = new Compare(byId("right"), this.original);
    this.lens = new Lens([byId("left"), byId("right")], byId("zoom"), () => this.compare.divide());
    this.compare.lens = this.lens;
    byId("passes-strip").addEventListener("choose", ({ detail }) => this.views.choose(detail.pass));
  }

  /** Hang a new original; resolves with its bitmap, null where the browser cannot read the file. */
  async hang(file, name = file.name) {
    URL.revokeObjectURL(this.original.src);
    this.original.src = URL.createObjectURL(file);
    this.original.alt = `Original: ${name}`;
    byId("original-title").textContent = name;
    document.body.dataset.picture = "shown";
    byId("outcome").hidden = false;
    this.views.hung();
    this.clearResult("The result will hang here.");

    this.shaped = false;
    this.path = null; // of the run over it
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const bitmap = await createImageBitmap(file).catch(() => null);
    if (turn !== this.turn) return bitmap; // another one hangs by now
    this.original.hidden = !bitmap;
    byId("unseen").hidden = Boolean(bitmap);
    const meta = [bitmap && sizeOf(bitmap), weight(file.size)].filter(Boolean);
    byId("original-meta").textContent = meta.join(", ");
    if (bitmap && !this.shaped) this.shape(bitmap.width, bitmap.height); // else a preview was faster
    this.shaped ||= Boolean(bitmap);
    if (!bitmap && this.path) this.hangInput(this.path).catch(() => {}); // the run was there before
    return bitmap;
  }

  /** Both frames take the picture's shape, within reason. */
  shape(width, height) {
    const ratio = Math.min(WIDEST, Math.max(NARROWEST, width / height));
    const { style } = document.documentElement;
    style.setProperty("--ratio", ratio.toFixed(4));
    style.setProperty("--picture-ratio", (width / height).toFixed(6));
    document.body.classList.toggle("pixel-art", Math.max(width, height) <= PIXEL_ART);
    this.field.begin(width, height);
    this.lens.begin(width);
  }

  /** A run begins, `{order, source}`: the field is about to light up over the original. */
  begin(run = {}) {
    this.field.begin(this.field.colours.fullWidth, this.field.colours.fullHeight);
    this.views.begin(run);
    this.clearResult("Nothing drawn yet.");
    byId("result-title").textContent = "In progress";
  }

  /** The job of the run is at this path; `signal` ends with the interest in it. */
  follow(path, signal) {
    this.path = path;
    this.views.follow(path, signal);
    if (this.original.hidden) this.hangInput(path).catch(() => {}); // then it stays unseen
  }

  // What this browser cannot read, the service has as a PNG.
  async hangInput(path) {
    const picture = await this.views.layers.fetch(`${path}/image?pass=0`, "image/png", "blob");
    const bitmap = await createImageBitmap(picture);
    URL.revokeObjectURL(this.original.src);
    this.original.src = URL.createObjectURL(picture);
    this.original.hidden = false;
    byId("unseen").hidden = true;
    if (!this.shaped) this.shape(bitmap.width, bitmap.height);
    this.shaped = true;
    this.views.strip?.draw(0, bitmap);
    this.views.strip?.open(0, this.original.src);
    this.compare.allow(!this.result.hidden);
  }

  /** A pass is done, and its explanation there. */
  passDone(index) {
    this.field.passDone(index);
    this.views.passDone(index);
  }

  preview(header, bitmap) {
    if (!this.shaped) this.shape(header.full_width, header.full_height); // of a file that only the server reads
    this.shaped = true;
    if (header.kind === "field") return this.field.preview(header, bitmap);
    this.live.preview(header, bitmap);
    this.showLive();
  }

  /** A whole picture, for the time between two previews. */
  drawn(bitmap) {
    this.live.whole(bitmap);
    this.showLive();
  }

  showLive() {
    byId("blank").hidden = true;
    this.live.canvas.hidden = !this.result.hidden;
  }

  /** The run has ended with a picture (a Blob): hang it, labelled. */
  async finish(picture, { state, facts }, job = null) {
    URL.revokeObjectURL(this.resultUrl);
    this.resultUrl = URL.createObjectURL(picture);
    this.show(this.resultUrl, "Result");
    byId("result-meta").textContent = facts;
    const badge = byId("badge");
    badge.textContent = badge.dataset.state = state;
    badge.hidden = false;
    if (job) this.views.ended(job); // its layers come when they are looked at
    await this.result.decode().catch(() => {});
  }

  /** The same lines as an SVG (a Blob): sharp in a frame of any size. */
  showSvg(svg) {
    if (svg.size > MOST_LINES) return;
    URL.revokeObjectURL(this.resultUrl);
    this.resultUrl = URL.createObjectURL(svg);
    this.result.src = this.resultUrl;
  }

  /** The run has ended without one. */
  takeDown() {
    this.views.gone();
    this.clearResult("No result.");
  }

  /** Put one picture of the run into the right frame. */
  show(url, name) {
    byId("result-title").textContent = name;
    this.result.alt = name === "Result" ? "The result" : `The picture: ${name}`;
    this.result.src = url;
    this.result.hidden = false;
    this.live.canvas.hidden = true;
    byId("blank").hidden = true;
    this.compare.allow(!this.original.hidden);
  }

  clearResult(text) {
    this.result.hidden = true;
    this.result.removeAttribute("src");
    this.compare.allow(false);
    this.live.clear();
    this.live.canvas.hidden = true;
    byId("blank").textContent = text;
    byId("blank").hidden = false;
    byId("result-title").textContent = "Result";
    byId("result-meta").textContent = "";
    byId("badge").hidden = true;
  }
}

const sizeOf = ({ width, height }) => `${width} × ${height} px`;

function weight(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
