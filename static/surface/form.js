// What is to be made, and how: kept in the address.

import { paramsIn, paramsOf, textsOf } from "../form/job_params.js";
import { ParameterView } from "../form/parameter_view.js";
import { loadSchemas } from "../form/schema.js";
import { PartView, partsOf } from "./parts.js";

const AGAIN_MS = 2000;
const ADDRESS_MS = 200;
const KINDS = {
  "texture.synth": { model: "SynthParams", job: "TextureSynthJob" },
  "lattice.egg": { model: "LatticeEggParams", job: "LatticeEggJob" },
  "render.egg": { model: "EggParams", job: "RenderEggJob" },
};

export class SurfaceForm {
  /** `onChange()` whenever what would be asked for is another. */
  constructor({ kinds, partFields, paramFields, again }, onChange) {
    Object.assign(this, { kinds, partFields, paramFields, again, onChange, timer: 0 });
    Object.assign(this, { schemas: null, own: [], views: [], parts: [] });
    const { kind, ...values } = Object.fromEntries(new URLSearchParams(location.search));
    Object.assign(this, { kind: Object.hasOwn(KINDS, kind ?? "") ? kind : "texture.synth", values });
    kinds.addEventListener("change", () => this.turn(kinds.querySelector(":checked").value));
    kinds.querySelector(`[value="${this.kind}"]`).checked = true;
  }

  get ready() {
    return this.schemas !== null;
  }

  /** Seconds. */
  get deadline() {
    return Number(this.values.deadline_s ?? this.own.find(({ name }) => name === "deadline_s")?.usual);
  }

  /** The params that are not the service's defaults, as JSON has them. */
  get params() {
    return paramsIn(this.values, this.own);
  }

  /** The pictures that are chosen, by their part's name. */
  get files() {
    return Object.fromEntries(this.parts.filter(({ file }) => file).map(({ name, file }) => [name, file]));
  }

  async load() {
    try {
      this.schemas = await loadSchemas();
    } catch {
      setTimeout(() => this.load(), AGAIN_MS);
      return;
    }
    this.turn(this.kind);
  }

  /** Another kind is chosen; of the values it takes those that it knows. */
  turn(kind) {
    this.kind = kind;
    this.kinds.querySelector(`[value="${kind}"]`).checked = true;
    this.build(KINDS[kind]);
    this.fill();
  }

  build(kind) {
    this.own = paramsOf(this.schemas, kind);
    this.views = this.own.map((each) => new ParameterView(each, (name, text) => this.give(name, text)));
    this.parts = partsOf(this.schemas[kind.job]).map((part) => new PartView(part, this.onChange));
    this.values = Object.fromEntries(Object.entries(this.values).filter(([name]) => this.own.some((each) => each.name === name)));
    this.paramFields.replaceChildren(...this.views.map(({ element }) => element));
    this.partFields.replaceChildren(...this.parts.map(({ element }) => element));
  }

  /** The kind and the params of a job of the service are those that are chosen. */
  restore({ kind, spec, input = {} }) {
    this.turn(kind);
    this.values = textsOf(spec.params, this.own);
    this.fill();
    const sent = this.parts.map(({ name }) => name).filter((name) => `${name}_pixels` in input);
    this.again.textContent = `The job was sent a picture as its ${sent.join(" and its ")}. Choose it again to make another of it.`;
    this.again.hidden = sent.length === 0;
  }

  /** All values are the defaults, and no picture is sent. */
  reset() {
    this.values = {};
    this.turn(this.kind);
  }

  /** Show each `{field, message}` at its parameter; returns those that have none here. */
  complain(errors) {
    for (const view of this.views) view.complain("");
    return errors.filter(({ field, message }) => {
      const view = this.views.find(({ parameter }) => parameter.name === field);
      view?.complain(message);
      return !view;
    });
  }

  give(name, text) {
    const { [name]: before, ...rest } = this.values;
    this.values = text === "" ? rest : { ...rest, [name]: text };
    this.fill();
  }

  fill() {
    for (const view of this.views) view.show(this.values[view.parameter.name] ?? "");
    this.complain([]);
    this.again.hidden = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => history.replaceState(null, "", `${location.pathname}?${this.query}${location.hash}`), ADDRESS_MS);
    this.onChange();
  }

  get query() {
    return new URLSearchParams({ kind: this.kind, ...this.values });
  }
}
