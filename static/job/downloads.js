// The result as files: a button for each format, fetched when it is asked for.

import { readField, readImage } from "./api.js";

const FORMATS = [
  { ending: "png", text: "PNG", read: ({ picture }) => picture },
  { ending: "webp", text: "WebP", type: "image/webp" },
  { ending: "svg", text: "SVG", type: "image/svg+xml", of: "drawing", read: readOfField },
  { ending: "npz", text: "npz", type: "application/x-npz", title: "The field as arrays", read: readOfField },
];

export class Downloads {
  /** `onTrouble(error)` when a file cannot be had; `formats` are those of pictures unless given. */
  constructor(group, onTrouble, formats = FORMATS) {
    Object.assign(this, { group, onTrouble, formats });
  }

  hide() {
    this.group.hidden = true;
    this.group.replaceChildren();
  }

  /** Offer what a job at `path` came to; `picture` is its PNG, `nameFor(ending)` the name of a file. */
  offer({ path, kind, picture, nameFor, signal }) {
    const offered = this.formats.filter(({ of }) => !of || of === kind);
    this.group.replaceChildren(...offered.map((format) => {
      const button = document.createElement("button");
      const { ending, text, title = "" } = format;
      Object.assign(button, { type: "button", className: "button quiet", textContent: text, title });
      button.id = `download-${ending}`;
      button.addEventListener("click", () => this.fetch(button, format, { path, picture, nameFor, signal }));
      return button;
    }));
    this.group.hidden = false;
  }

  async fetch(button, { ending, type, read = readPicture }, { path, picture, nameFor, signal }) {
    if (button.hasAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      save(await read({ path, type, picture, signal }), nameFor(ending));
    } catch (error) {
      if (!signal.aborted) this.onTrouble(error);
    }
    button.removeAttribute("aria-busy");
  }
}

const readPicture = ({ path, type, signal }) => readImage(path, { type, signal });

function readOfField({ path, type, signal }) {
  return readField(path, type, signal);
}

/** Have the browser save a Blob as a file of this name. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading it
}
