// What a job came to: its picture, and where there are such the maps that its egg wears.

import { readResult } from "../job/api.js";
import { readNpz } from "../graph/npz.js";
import { drawn } from "./maps.js";

const WORDS = { picture: "The egg", height: "The height map", normals: "The normal map" };

export class Views {
  /** `choice` holds a radio button for each view; `onTrouble(error)` when a map cannot be had. */
  constructor(image, choice, onTrouble) {
    Object.assign(this, { image, choice, onTrouble, job: null, shown: null });
    choice.addEventListener("change", () => this.show());
  }

  /** The name of the view that is chosen: `picture`, `height` or `normals`. */
  get name() {
    return this.choice.querySelector(":checked").value;
  }

  /** A job at `path` has come to `picture`, a Blob; some have maps too. */
  hang({ path, signal, picture, hasMaps }) {
    this.clear();
    this.job = { path, signal, pictures: { picture } };
    this.choice.hidden = !hasMaps;
    this.show();
  }

  clear() {
    Object.assign(this, { job: null, shown: null });
    this.choice.querySelector("input").checked = true;
    this.image.hidden = this.choice.hidden = true;
  }

  async show() {
    const { job, name } = this;
    this.image.setAttribute("aria-busy", "true");
    try {
      if (!(name in job.pictures)) Object.assign(job.pictures, await mapsOf(job));
      if (this.job === job && this.name === name) this.hangUp(job.pictures[name], WORDS[name]);
    } catch (error) {
      if (!job.signal.aborted) this.onTrouble(error);
    }
    this.image.removeAttribute("aria-busy");
  }

  hangUp(picture, alt) {
    this.shown = picture;
    URL.revokeObjectURL(this.image.src);
    Object.assign(this.image, { src: URL.createObjectURL(picture), alt, hidden: false });
  }
}

async function mapsOf({ path, signal }) {
  const file = await readResult(path, "application/x-npz", signal);
  const { height, normals } = await readNpz(await file.arrayBuffer());
  return { height: await drawn(height), normals: await drawn(normals) };
}
