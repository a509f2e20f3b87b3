// A parameter on the page: its control, range and default, what it means, its reset, and what the
// service says is wrong with it.

import { control } from "./controls.js";
import { element } from "./elements.js";
import { facts } from "./schema.js";

export class ParameterView {
  /** `onInput(name, text)` whenever a value is given; the text is empty for the default. */
  constructor(parameter, onInput) {
    Object.assign(this, { parameter, usual: parameter.usual });
    const { name, label, description } = parameter;
    this.control = control(parameter);
    this.facts = element("p", { className: "help", id: `${name}-help` });
    this.complaint = element("p", { className: "complaint", id: `${name}-complaint`, hidden: true });
    this.undo = element("button", { type: "button", className: "undo", textContent: "↺", hidden: true });
    this.undo.addEventListener("click", () => {
      onInput(name, "");
      this.control.input.focus();
    });
    this.element = element("div", { className: "field", "data-name": name, "data-type": parameter.type },
      element("label", { htmlFor: name, textContent: label }),
      this.undo,
      this.control.element,
      this.complaint,
      this.facts,
      about(description));
    this.control.input.setAttribute("aria-describedby", `${name}-help ${name}-about ${name}-complaint`);
    this.element.lastChild.id = `${name}-about`;
    this.element.addEventListener("input", () => onInput(name, this.text));
  }

  /** What differs from the default, as text; empty for the default. */
  get text() {
    const text = this.control.read();
    return isSame(this.parameter, text, this.usual) ? "" : text;
  }

  /** Show this text, or the default where it is empty; returns the text that the control took. */
  show(text, usual = this.parameter.usual) {
    this.usual = usual;
    const writing = document.activeElement === this.control.input;
    if (!(writing && this.text === text)) this.control.write(text || usual);
    const taken = this.text;
    this.undo.hidden = taken === "";
    const back = `Reset ${this.parameter.label.toLowerCase()} to ${usual || "automatic"}`;
    this.undo.title = back;
    this.undo.setAttribute("aria-label", back);
    this.facts.textContent = facts(this.parameter, usual);
    return taken;
  }

  /** Say what is wrong with it; nothing when empty. */
  complain(message) {
    this.complaint.textContent = message;
    this.complaint.hidden = message === "";
    if (message) this.control.input.setAttribute("aria-invalid", "true");
    else this.control.input.removeAttribute("aria-invalid");
  }

  focus() {
    this.control.input.focus();
  }
}

const SHORT = 64; // characters that need no folding

// Of a long text the first words are in sight, and all of it is one click away.
function about(description) {
  const [, first, rest] = /^(.*?[^\s:;,.(]{2,})(?:\s*[:;.(]\s*(.*))?$/s.exec(description) ?? [];
  if (description.length <= SHORT || !rest?.trim()) return element("p", { className: "about", textContent: description });
  return element("details", { className: "about" },
    element("summary", {}, element("span", { textContent: first })),
    element("p", { textContent: description }));
}

function isSame({ type }, one, other) {
  if (type === "list") return numbers(one).join() === numbers(other).join();
  if (type === "number" && one !== "" && other !== "") return Number(one) === Number(other);
  return one === other || one === "";
}

const numbers = (text) => text.replace(/^\[|\]$/g, "").split(",").map((each) => Number(each));
