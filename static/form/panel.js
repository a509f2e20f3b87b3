// All parameters of a kind: the few in sight, the envelope, and the rest in named groups.

import { element } from "./elements.js";
import { Envelope } from "./envelope.js";
import { ENVELOPE, GROUPS, QUICK } from "./kinds.js";
import { ParameterView } from "./parameter_view.js";

export class Panel {
  /** `onInput(name, text)` whenever a value is given; the text is empty for the default. */
  constructor(form, onInput) {
    Object.assign(this, { form, onInput, views: [], envelope: null });
    this.quick = form.querySelector("#fields");
    this.folds = form.querySelector("#folds");
  }

  /** Say why there are no parameters yet. */
  apologise(text) {
    this.quick.replaceChildren(element("p", { className: "help", textContent: text }));
  }

  /** Make the views of a kind. */
  build(schema, kind) {
    if (this.kind === kind) return;
    this.kind = kind;
    this.envelope = null;
    const views = new Map(schema[kind].map((parameter) => [parameter.name, this.view(parameter, schema.phases)]));
    this.views = [...views.values()];
    const take = (names) => names.filter((name) => views.has(name)).map((name) => {
      const view = views.get(name);
      views.delete(name);
      return view;
    });
    this.quick.replaceChildren(...take(QUICK[kind]).map((view) => view.element));
    const folds = [this.fold("Envelope and decay", [this.grid(null, take(ENVELOPE))])];
    const groups = GROUPS.map(({ title, names }) => [title, take(names)]);
    groups.at(-1)[1].push(...take([...views.keys()]));
    folds.push(this.fold("All parameters", groups.map(([title, members]) => this.grid(title, members))));
    this.folds.replaceChildren(...folds.filter(Boolean));
  }

  view(parameter, phases) {
    if (parameter.type !== "phases") return new ParameterView(parameter, this.onInput);
    this.envelope = new Envelope(parameter, phases, this.onInput);
    return this.envelope;
  }

  grid(title, views) {
    if (views.length === 0) return null;
    const grid = element("div", { className: "fields" }, ...views.map((view) => view.element));
    return title ? element("section", { "aria-label": title }, element("h2", { textContent: title }), grid) : grid;
  }

  fold(title, grids) {
    const inside = grids.filter(Boolean);
    if (inside.length === 0) return null;
    return element("details", { className: "fold" },
      element("summary", {}, title, element("span", { className: "changed" })),
      ...inside);
  }

  /** Show `text(name)` everywhere, `usual(name)` where that is empty; returns what the controls took. */
  show(text, usual) {
    const taken = this.views.map((view) => {
      const { name } = view.parameter;
      return [name, view.show(text(name), usual(name))];
    });
    for (const fold of this.folds.children) {
      const names = [...fold.querySelectorAll("[data-name]")].map(({ dataset }) => dataset.name);
      const count = taken.filter(([name, value]) => value !== "" && names.includes(name)).length;
      fold.querySelector(".changed").textContent = count ? `${count} changed` : "";
    }
    return Object.fromEntries(taken.filter(([, value]) => value !== ""));
  }

  /** How the envelope falls on the passes. */
  fall(passes, stretched) {
    this.envelope?.fall(passes, stretched);
  }

  /** Show each `{field, message}` at its parameter; returns those that have none here. */
  complain(errors) {
    let first = null;
    for (const view of this.views) {
      const own = errors.filter(({ field }) => field === view.parameter.name);
      view.complain(own.map(({ message }) => message).join(" "));
      if (own.length) first ??= view;
    }
    const fold = first?.element.closest("details");
    if (fold) fold.open = true;
    first?.focus();
    return errors.filter(({ field }) => !this.views.some(({ parameter }) => parameter.name === field));
  }
}
