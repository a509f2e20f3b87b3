// The same request as a curl command, a Python script and a link, each to be copied.

import { copyOnClick } from "./clipboard.js";
import { curlCommand } from "./curl.js";
import { pythonScript } from "./python.js";
import { pageAddress } from "./state.js";

const STANDIN = { name: "picture.png" };

export class Commands {
  constructor(section) {
    this.section = section;
    this.codes = Object.fromEntries(["curl", "python", "link"].map((way) => [way, section.querySelector(`#${way}`)]));
    this.note = section.querySelector(".help");
    section.addEventListener("change", () => this.choose());
    copyOnClick(section.querySelector("button"), () => this.codes[this.way]);
    this.choose();
  }

  get way() {
    return this.section.querySelector("input:checked").value;
  }

  choose() {
    for (const [way, code] of Object.entries(this.codes)) code.parentElement.hidden = way !== this.way;
    this.say();
  }

  /** Write all three: for an order, its state, the types of its fields, with a key or without. */
  show(order, state, { types, withKey }) {
    const pictures = { target: state.target ?? STANDIN, source: state.kind === "shading" ? state.source : null };
    this.pictures = pictures;
    this.codes.curl.textContent = curlCommand(location.origin, order, pictures, withKey);
    this.codes.python.textContent = pythonScript(location.origin, order, pictures, { kind: state.kind, named: order.kind, types, withKey });
    this.codes.link.textContent = location.origin + pageAddress(state);
    this.say();
  }

  say() {
    const files = [this.pictures?.target, this.pictures?.source].filter((picture) => picture && !picture.sample);
    const names = files.map(({ name }) => name).join(" and ");
    const lines = {
      curl: names && `Run it in the folder of ${names}.`,
      python: names && `Run it in the folder of ${names}, with Itten installed.`,
      link: names && `It holds every value. ${names} stays with you: whoever follows it is asked to choose the same file again.`,
    };
    this.note.textContent = lines[this.way] || (this.way === "python" ? "Run it with Itten installed." : "It works as it is.");
  }
}
