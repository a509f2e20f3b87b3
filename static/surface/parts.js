// The pictures that a job is sent, each of which may be left out.

import { element } from "../form/elements.js";

const TYPES = "image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff";

/** The parts of a job that are pictures, `[{name, about}]`, by its schema. */
export function partsOf({ properties }) {
  const parts = Object.entries(properties).filter(([, { properties: of }]) => of?.job);
  return parts.map(([name, { description }]) => ({ name, about: description.split(". ")[0] }));
}

export class PartView {
  /** A place for the picture `name`; `onChange()` when another one is chosen, or none. */
  constructor({ name, about }, onChange) {
    Object.assign(this, { name, file: null });
    const input = element("input", { id: `part-${name}`, className: "unheard", type: "file", accept: TYPES });
    const choose = element("label", { className: "button quiet", htmlFor: input.id, textContent: "Choose" });
    this.said = element("span", { className: "meta" });
    this.remove = element("button", { type: "button", className: "undo", textContent: "×", "aria-label": `Remove ${name}` });
    input.setAttribute("aria-label", `${name}: ${about}`);
    input.addEventListener("change", () => this.take(input.files[0] ?? this.file, onChange));
    this.remove.addEventListener("click", () => {
      input.value = "";
      this.take(null, onChange);
      input.focus();
    });
    const label = element("span", { className: "part-name", textContent: name[0].toUpperCase() + name.slice(1) });
    this.element = element("div", { className: "field" }, label, this.remove,
      element("span", { className: "chosen" }, input, choose, this.said),
      element("p", { className: "about", textContent: `${about}.` }));
    this.take(null, () => {});
  }

  take(file, onChange) {
    this.file = file;
    this.said.textContent = file?.name ?? "none";
    this.remove.hidden = file === null;
    onChange();
  }
}
