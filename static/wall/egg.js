// The field of a job, or its result, on an egg: both as colours, and the field as relief.

import { ask, readImage } from "../job/api.js";
import { save } from "../job/downloads.js";
import { placed } from "../job/origins.js";
import { Run } from "../job/run.js";

const DEADLINE_S = 10;

export class Egg {
  /** `button` opens `dialog`. */
  constructor(button, dialog) {
    Object.assign(this, { button, dialog, run: null, turn: 0 });
    this.picture = dialog.querySelector("img");
    this.form = dialog.querySelector("form");
    this.said = dialog.querySelector("[role=status]");
    this.saver = dialog.querySelector("[data-do=save]");
    button.addEventListener("click", () => this.open());
    this.form.addEventListener("change", () => this.render());
    this.saver.addEventListener("click", () => save(this.image, this.fileName));
    dialog.querySelector("[data-do=close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.run?.abandon());
  }

  /** There is a job at `path`; `nameFor(ending)` names a file of its egg. */
  offer({ path, signal, nameFor }) {
    this.drop();
    Object.assign(this, { path, signal, fileName: nameFor("egg.png") });
    this.button.hidden = false;
  }

  /** There is none any more. */
  drop() {
    this.run?.abandon();
    this.button.hidden = true;
    if (this.dialog.open) this.dialog.close();
  }

  open() {
    this.dialog.showModal();
    this.render();
  }

  // Whichever was asked for last is shown.
  async render() {
    const turn = ++this.turn;
    const late = () => turn !== this.turn;
    this.run?.abandon();
    this.picture.setAttribute("aria-busy", "true");
    this.said.textContent = "Rendering.";
    try {
      const image = await this.rendered(late);
      if (!late()) this.show(image);
    } catch (error) {
      if (late() || error.name === "AbortError") return;
      this.said.textContent = error.detail || error.message;
    }
    if (!late()) this.picture.removeAttribute("aria-busy");
  }

  async rendered(late) {
    const { wears, channel, turn, displacement } = Object.fromEntries(new FormData(this.form));
    const { path, signal } = this;
    const field = await ask(`${path}/field?channel=${channel}`, { signal, headers: { Accept: "image/png" } }, "blob");
    const colours = wears === "field" ? field : await readImage(path, { signal });
    if (late()) throw new DOMException("another was asked for", "AbortError");
    const params = { turn: Number(turn), displacement: Number(displacement), supersample: 2 };
    const order = { endpoint: "/render.egg", fields: [["params", JSON.stringify(params)], ["deadline_s", String(DEADLINE_S)]] };
    const files = { texture: new File([colours], "texture.png"), height: new File([field], "height.png") };
    return new Promise((resolve, reject) => {
      this.run = new Run(placed(files, order), listener(resolve, reject));
      this.run.start();
    });
  }

  show(image) {
    this.image = image;
    URL.revokeObjectURL(this.picture.src);
    this.picture.src = URL.createObjectURL(image);
    this.picture.hidden = this.saver.disabled = false;
    this.said.textContent = "";
  }
}

function listener(resolve, reject) {
  const nothing = () => {};
  return {
    state: nothing, upload: nothing, accepted: nothing, progress: nothing, tiles: nothing, missed: nothing,
    pass: nothing, preview: nothing, contact: nothing, trouble: nothing,
    ended: (job, image) => (image ? resolve(image) : reject(new Error(`The egg has ${job.state}.`))),
    refused: reject,
  };
}
