// A refusal, shown as text that says what to change and when to come back.

import { retryLine } from "./words.js";

export class ProblemNote {
  constructor(section) {
    this.section = section;
    this.timer = 0;
  }

  clear() {
    clearTimeout(this.timer);
    this.section.hidden = true;
    this.section.replaceChildren();
  }

  /** Show a Refusal; `errors` are those that could not be shown at a field. */
  show(refusal, errors = refusal.errors ?? []) {
    this.clear();
    this.section.append(element("h2", refusal.title ?? "Something went wrong in the page"));
    const detail = refusal.detail ?? refusal.message;
    if (detail) this.section.append(element("p", detail));
    if (errors.length) this.section.append(this.list(errors));
    if (Number.isFinite(refusal.retryAfter)) this.countTo(refusal.retryAfter);
    this.section.hidden = false;
  }

  list(errors) {
    const list = element("ul");
    const line = ({ field, message }) => (field ? `${field}: ${message}` : message);
    list.append(...errors.map((error) => element("li", line(error))));
    return list;
  }

  // Said twice, not every second: the section is read aloud whenever it changes.
  countTo(seconds) {
    const line = element("p", retryLine(seconds));
    this.section.append(line);
    this.timer = setTimeout(() => (line.textContent = retryLine(0)), 1000 * seconds);
  }
}

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
