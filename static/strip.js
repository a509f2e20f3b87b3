// The film strip: the input and the picture after each pass, as thumbnails that can be chosen.

import { readImage } from "./api.js";

const THUMB = 192; // pixels of the longer side

export class Strip {
  /** `onChoose({pass, name, url})` when a picture is chosen, `onPicture(pass, bitmap)` when one arrives. */
  constructor(list, { onChoose, onPicture }) {
    Object.assign(this, { list, onChoose, onPicture, places: [], queue: Promise.resolve() });
  }

  /** Start anew with the input and one empty place for each pass. */
  begin(inputBitmap, inputUrl, passes) {
    this.places.slice(1).forEach(({ url }) => url && URL.revokeObjectURL(url));
    this.queue = Promise.resolve();
    this.places = Array.from({ length: passes + 1 }, (_, pass) => this.place(pass));
    this.list.replaceChildren(...this.places.map(({ item }) => item));
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
    this.draw(pass, bitmap);
    this.open(pass, url);
    return pass;
  }

  choose(pass) {
    this.places.forEach(({ button }, index) => button.setAttribute("aria-pressed", String(index === pass)));
    this.reveal(this.places[pass].item);
  }

  // Not scrollIntoView, which would move the page as well.
  reveal(item) {
    const view = this.list.parentElement;
    view.scrollLeft = item.offsetLeft - (view.clientWidth - item.offsetWidth) / 2;
  }

  place(pass, name = pass === 0 ? "Input" : `Pass ${pass}`) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    const label = document.createElement("span");
    button.type = "button";
    button.disabled = true;
    label.textContent = name;
    button.append(canvas, label);
    button.addEventListener("click", () => this.onChoose({ pass, name, url: this.places[pass].url }));
    item.append(button);
    return { item, button, canvas, url: null, asked: false };
  }

  open(pass, url) {
    const place = this.places[pass];
    place.url = url;
    place.button.disabled = false;
    place.item.classList.remove("draft");
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
