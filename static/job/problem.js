// A refusal, shown as text that says what to change, and when and how to come back.

import { retryLine } from "./words.js";

const NAME = "itten-again"; // whether to come back by itself, for this tab

export class ProblemNote {
  constructor(section) {
    Object.assign(this, { section, timer: 0 });
  }

  clear() {
    clearInterval(this.timer);
    this.section.hidden = true;
    this.section.replaceChildren();
  }

  /**
   * Show a Refusal; `errors` are those that could not be shown at a field, and `again()` asks for
   * the same once more, where that may help.
   */
  show(refusal, { errors = refusal.errors ?? [], again = null } = {}) {
    this.clear();
    this.section.append(element("h2", refusal.title ?? "Something went wrong in the page"));
    const detail = refusal.detail ?? refusal.message;
    if (detail) this.section.append(element("p", detail));
    if (errors.length) this.section.append(this.list(errors));
    if (Number.isFinite(refusal.retryAfter)) this.countTo(refusal.retryAfter, again);
    else if (refusal.status === 0 && again) this.section.append(this.row(againNow(again)));
    this.section.hidden = false;
  }

  list(errors) {
    const list = element("ul");
    const line = ({ field, message }) => (field ? `${field}: ${message}` : message);
    list.append(...errors.map((error) => element("li", line(error))));
    return list;
  }

  // The section is read aloud whenever it changes: the seconds that pass are for the eye only.
  countTo(seconds, again) {
    const due = performance.now() + 1000 * seconds;
    const heard = element("span", retryLine(seconds));
    const seen = element("span");
    const [box, label] = byItself();
    heard.className = "unheard";
    seen.setAttribute("aria-hidden", "true");
    this.section.append(this.row(heard, seen, ...(again ? [againNow(again), label] : [])));

    const tick = () => {
      const left = Math.max(0, Math.ceil((due - performance.now()) / 1000));
      seen.textContent = retryLine(left);
      if (left > 0) return;
      clearInterval(this.timer);
      heard.textContent = retryLine(0);
      if (again && box.checked) again();
    };
    this.timer = setInterval(tick, 250);
    box.addEventListener("change", tick); // also by who asks for it late
    tick();
  }

  row(...parts) {
    const row = element("p");
    row.className = "retry";
    row.append(...parts);
    return row;
  }
}

function againNow(again) {
  const button = element("button", "Try now");
  Object.assign(button, { type: "button", className: "button quiet" });
  button.addEventListener("click", again);
  return button;
}

function byItself() {
  const [label, box] = [element("label"), element("input")];
  Object.assign(box, { type: "checkbox", checked: sessionStorage.getItem(NAME) === "yes" });
  box.addEventListener("change", () => sessionStorage.setItem(NAME, box.checked ? "yes" : "no"));
  label.append(box, "Try again then without being asked");
  return [box, label];
}

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
