// What goes into a run: the picture that is worked on, and the source that may lend it strokes.

import { acceptFiles } from "./intake.js";
import { fetchSample, listSamples } from "./samples.js";

const NAMES = { target: "picture", source: "source" };

export class Inputs {
  /**
   * `section` holds a place for each part, and the samples. `onChange(part)` whenever a part has
   * another picture, which is `{file, name, sample?}`, or none; `onTrouble(error)` for a sample that
   * cannot be had.
   */
  constructor(section, { onChange, onTrouble }) {
    Object.assign(this, { section, onChange, onTrouble, target: null, source: null, sampled: {} });
    this.samples = section.querySelector(".samples");
    const places = [...section.querySelectorAll("[data-part]")];
    this.places = Object.fromEntries(places.map((place) => [place.dataset.part, place]));
    acceptFiles(places, (part, file) => this.put(part, { file, name: file.name }));
    listSamples(this.samples.querySelector("ul"), (name) => this.putSample(this.asked, name));
    for (const place of places) {
      place.addEventListener("click", ({ target }) => this.obey(place.dataset.part, target.dataset.do));
    }
    section.addEventListener("keydown", ({ key }) => key === "Escape" && this.leaveSamples());
    this.hideSamples();
  }

  /** The files of an order of this kind. */
  files(kind) {
    const { target, source } = this;
    return { target: target.file, ...(kind === "shading" && source && { source: source.file }) };
  }

  /** Put a picture in, or null, and then perhaps a note of why. */
  put(part, picture, note = null) {
    this[part] = picture;
    this.sampled[part] = null;
    this.hideSamples();
    this.show(part, note);
    this.onChange(part);
  }

  /** The same with a sample; resolves once it is there. */
  async putSample(part, name) {
    this.sampled[part] = name; // the last that was asked for counts
    try {
      const file = await fetchSample(name);
      if (this.sampled[part] === name) this.put(part, { file, name: file.name, sample: name });
    } catch (error) {
      this.onTrouble(error);
    }
  }

  obey(part, command) {
    if (command === "samples") this.askForSample(part);
    if (command === "remove") this.put(part, null);
    if (command === "swap") this.swap();
  }

  swap() {
    [this.target, this.source] = [this.source, this.target];
    for (const part of ["target", "source"]) {
      this.show(part);
      this.onChange(part);
    }
  }

  // The list stands open for the picture until there is one.
  askForSample(part) {
    const shut = !this.samples.hidden && this.asked === part;
    this.hideSamples();
    if (shut) return;
    this.asked = part;
    this.samples.hidden = false;
    this.samples.querySelector("p").textContent = `A sample as the ${NAMES[part]}:`;
    this.tellButtons();
    this.samples.querySelector("button").focus();
  }

  leaveSamples() {
    const button = this.places[this.asked].querySelector('[data-do="samples"]');
    this.hideSamples();
    button.focus();
  }

  hideSamples() {
    this.asked = "target";
    this.samples.hidden = this.target !== null;
    this.samples.querySelector("p").textContent = "Or take a sample:";
    this.tellButtons();
  }

  tellButtons() {
    for (const [part, place] of Object.entries(this.places)) {
      const open = this.target !== null && !this.samples.hidden && this.asked === part;
      place.querySelector('[data-do="samples"]').setAttribute("aria-expanded", String(open));
    }
  }

  show(part, note = null) {
    const [place, picture] = [this.places[part], this[part]];
    const image = place.querySelector(".slot img");
    URL.revokeObjectURL(image.src);
    place.dataset.filled = String(picture !== null);
    image.hidden = picture === null;
    if (picture) image.src = URL.createObjectURL(picture.file);
    image.onerror = () => (image.hidden = true); // a format that only the service reads
    place.querySelector(".slot label").textContent = picture ? "Replace" : "Choose";
    place.querySelector(".slot .meta").textContent = picture?.name ?? note ?? place.dataset.none ?? "";
  }
}
