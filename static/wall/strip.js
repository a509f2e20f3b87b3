// The film strip: the input and the picture after each pass, as thumbnails that can be scrubbed.

import { readImage } from "../job/api.js";

const THUMB = 192; // pixels of the longer side

export class Strip {
  /**
   * `onChoose({pass, name, url})` when a picture is chosen, `onPicture(pass, bitmap)` when one arrives.
   * The list also fires a `choose` event with the pass whenever another one is shown.
   */
  constructor(list, { onChoose, onPicture }) {
    Object.assign(this, { list, onChoose, onPicture, places: [], chosen: null, queue: Promise.resolve() });
    this.slider = document.getElementById("scrub");
    this.slider.addEventListener("input", () => this.slide());
    const scrub = (event) => this.pick(this.nearest(this.passAt(event.clientX)));
    list.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.places.length) return;
      list.setPointerCapture(event.pointerId);
      scrub(event);
    });
    list.addEventListener("pointermove", (event) => list.hasPointerCapture(event.pointerId) && scrub(event));
  }

  /** Start anew with the input and one empty place for each pass. */
  begin(inputBitmap, inputUrl, passes) {
    this.places.slice(1).forEach(({ url }) => url && URL.revokeObjectURL(url));
    this.queue = Promise.resolve();
    this.chosen = null;
    this.places = Array.from({ length: passes + 1 }, (_, pass) => this.place(pass));
    this.list.replaceChildren(...this.places.map(({ item }) => item));
    this.count();
    if (inputBitmap) this.draw(0, inputBitmap);
    this.open(0, inputUrl);
  }

  /** A picture for the time being, until the real one of this pass has come. */
  draft(pass, source) {
    const place = this.places[pass];
    if (!place || place.url) return;
    this.draw(pass, source);
    place.item.classList.add("draft");
  }

  /** Fetch the picture after a pass, one at a time so that the run itself keeps the server. */
  fetch(path, pass, signal) {
    const place = this.places[pass];
    if (!place || place.asked) return;
    place.asked = true;
    this.queue = this.queue.then(async () => {
      const picture = await readImage(path, { pass, signal });
      const bitmap = await createImageBitmap(picture);
      if (signal.aborted) return;
      this.draw(pass, bitmap);
      this.open(pass, URL.createObjectURL(picture));
      this.onPicture(pass, bitmap);
      bitmap.close();
    }).catch(() => {
      place.asked = false; // not there yet, or gone: the end of the run asks again
    });
  }

  /** A last place for the result of a run that ended between two passes. */
  addPartial(bitmap, url) {
    const pass = this.places.length;
    this.places.push(this.place(pass, "Result"));
    this.list.append(this.places[pass].item);
    this.count();
    this.draw(pass, bitmap);
    this.open(pass, url);
    return pass;
  }

  /** Mark the picture that is shown. */
  choose(pass) {
    this.chosen = pass;
    this.places.forEach(({ button }, index) => button.setAttribute("aria-pressed", String(index === pass)));
    this.slider.value = String(pass);
    this.slider.setAttribute("aria-valuetext", this.places[pass].name);
    this.list.dispatchEvent(new CustomEvent("choose", { detail: { pass } }));
  }

  /** Show another picture, where there is one. */
  pick(pass) {
    if (pass === null || pass === this.chosen) return;
    const { name, url } = this.places[pass];
    this.onChoose({ pass, name, url });
  }

  // The slider only rests on pictures that are there: beyond a gap on the one in its direction.
  slide() {
    const wanted = Number(this.slider.value);
    const forwards = wanted > (this.chosen ?? 0);
    const ahead = this.places.findIndex(({ url }, pass) => url && pass >= wanted);
    const target = forwards && ahead >= 0 ? ahead : this.nearest(wanted);
    this.pick(target);
    if (this.chosen !== null) this.slider.value = String(this.chosen);
  }

  nearest(wanted) {
    const open = [...this.places.keys()].filter((pass) => this.places[pass].url);
    const distance = (pass) => Math.abs(pass - wanted);
    return open.length ? open.reduce((best, pass) => (distance(pass) < distance(best) ? pass : best)) : null;
  }

  passAt(x) {
    const { left, width } = this.list.getBoundingClientRect();
    const pass = Math.floor(((x - left) / width) * this.places.length);
    return Math.min(this.places.length - 1, Math.max(0, pass));
  }

  place(pass, name = pass === 0 ? "Input" : `Pass ${pass}`) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    const label = document.createElement("span");
    // The slider is the one stop of the keyboard: sixteen more would be in the way.
    Object.assign(button, { type: "button", disabled: true, tabIndex: -1 });
    label.textContent = name;
    button.append(canvas, label);
    button.addEventListener("click", () => this.pick(pass));
    item.append(button);
    return { item, button, canvas, name, url: null, asked: false };
  }

  open(pass, url) {
    const place = this.places[pass];
    place.url = url;
    place.button.disabled = !url;
    place.item.classList.remove("draft");
    this.slider.disabled = !this.places.some((each) => each.url);
    if (pass > 1 && this.chosen === pass - 1) this.pick(pass); // who looks at the newest sees the next
  }

  count() {
    this.slider.max = String(this.places.length - 1);
    this.slider.value = "0";
    this.slider.setAttribute("aria-valuetext", "Input");
    this.list.parentElement.style.setProperty("--count", String(this.places.length));
  }

  draw(pass, source) {
    const { canvas, item } = this.places[pass];
    const scale = THUMB / Math.max(source.width, source.height);
    canvas.width = Math.max(1, Math.round(source.width * scale));
    canvas.height = Math.max(1, Math.round(source.height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    item.classList.add("filled");
  }
}
