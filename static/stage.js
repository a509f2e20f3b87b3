// The wall: the original with the field over it, and the frame where the result comes to hang.

import { FieldCanvas, PictureCanvas } from "./canvas.js";

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
    this.switch = byId("view");
    this.viewChosen = false;
    this.switch.addEventListener("change", () => {
      this.viewChosen = true;
      this.look(this.switch.querySelector(":checked").value);
    });
  }

  /** Hang a new original; resolves with its bitmap, null where the browser cannot read the file. */
  async hang(file) {
    URL.revokeObjectURL(this.original.src);
    this.original.src = URL.createObjectURL(file);
    this.original.alt = `Original: ${file.name}`;
    byId("original-title").textContent = file.name;
    document.body.dataset.picture = "shown";
    byId("outcome").hidden = false;
    this.switch.hidden = true;
    this.viewChosen = false;
    this.look("picture");
    this.clearResult("The result will hang here.");

    const bitmap = await createImageBitmap(file).catch(() => null);
    this.original.hidden = !bitmap;
    byId("unseen").hidden = Boolean(bitmap);
    const meta = [bitmap && sizeOf(bitmap), weight(file.size)].filter(Boolean);
    byId("original-meta").textContent = meta.join(", ");
    if (bitmap) this.shape(bitmap.width, bitmap.height);
    return bitmap;
  }

  /** Both frames take the picture's shape, within reason. */
  shape(width, height) {
    const ratio = Math.min(WIDEST, Math.max(NARROWEST, width / height));
    document.documentElement.style.setProperty("--ratio", ratio.toFixed(4));
    document.body.classList.toggle("pixel-art", Math.max(width, height) <= PIXEL_ART);
    this.field.begin(width, height);
  }

  /** A run begins: the field is about to light up over the original. */
  begin() {
    this.field.begin(this.field.colours.fullWidth, this.field.colours.fullHeight);
    this.switch.hidden = false;
    if (!this.viewChosen) this.look("field");
    this.clearResult("Nothing drawn yet.");
    byId("result-title").textContent = "In progress";
  }

  preview(header, bitmap) {
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

  /** The run has ended with a picture (a Blob): hang it, labelled, and offer it under `name`. */
  async finish(picture, { state, facts, name }) {
    if (!this.viewChosen) this.look("picture");
    const download = byId("download");
    URL.revokeObjectURL(download.href);
    const url = URL.createObjectURL(picture);
    Object.assign(download, { href: url, download: name, hidden: false });
    this.show(url, "Result");
    byId("result-meta").textContent = facts;
    const badge = byId("badge");
    badge.textContent = badge.dataset.state = state;
    badge.hidden = false;
    await this.result.decode().catch(() => {});
  }

  /** The same lines as an SVG (a Blob): sharp in a frame of any size, and offered under `name`. */
  offerSvg(svg, name) {
    const download = byId("download-svg");
    URL.revokeObjectURL(download.href);
    Object.assign(download, { href: URL.createObjectURL(svg), download: name, hidden: false });
    if (svg.size <= MOST_LINES) this.result.src = download.href;
  }

  /** The run has ended without one. */
  takeDown() {
    if (!this.viewChosen) this.look("picture");
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
  }

  clearResult(text) {
    this.result.hidden = true;
    this.result.removeAttribute("src");
    this.live.clear();
    this.live.canvas.hidden = true;
    byId("blank").textContent = text;
    byId("blank").hidden = false;
    byId("result-title").textContent = "Result";
    byId("result-meta").textContent = "";
    for (const id of ["badge", "download", "download-svg"]) byId(id).hidden = true;
  }

  look(view) {
    byId("drop").dataset.view = view;
    byId("legend").hidden = view !== "field";
    byId("original-meta").hidden = view === "field";
    this.switch.querySelector(`[value="${view}"]`).checked = true;
  }
}

const sizeOf = ({ width, height }) => `${width} × ${height} px`;

function weight(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
