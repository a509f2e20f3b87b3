// Which graph, and what is computed of it: chosen by generator or file, kept in the address.

import { element } from "../form/elements.js";
import { paramsIn, paramsOf, textsOf } from "../form/job_params.js";
import { ParameterView } from "../form/parameter_view.js";
import { loadSchemas } from "../form/schema.js";
import { documentOf, generatorParameters, GENERATORS } from "./generators.js";
import { readGraph } from "./files.js";

const AGAIN_MS = 2000;
const ADDRESS_MS = 200;
const KINDS = {
  "graph.expand": { model: "ExpandParams", job: "GraphExpandJob", without: ["nodes", "vectors"] },
  "graph.fiedler": { model: "FiedlerParams", job: "GraphFiedlerJob", without: ["vectors"] },
};

export class GraphForm {
  /**
   * `onGraph(drawn)` when there is another graph (null where it cannot be drawn), `onChange()`
   * whenever what would be asked for is another.
   */
  constructor({ kinds, chips, file, graphFields, paramFields, again }, { onGraph, onChange }) {
    Object.assign(this, { kinds, chips, input: file, graphFields, paramFields, again, onGraph, onChange });
    Object.assign(this, { schemas: null, known: {}, views: [], own: [], picked: null, drawn: null, timer: 0 });
    this.state = fromQuery(location.search);
    for (const [name, { title, about }] of Object.entries(GENERATORS)) {
      const chip = element("button", { type: "button", textContent: title, title: about, value: name });
      chip.addEventListener("click", () => this.generate(name));
      chips.append(chip);
    }
    file.addEventListener("change", () => file.files[0] && this.take(file.files[0]));
    this.showKind();
    kinds.addEventListener("change", () => this.turn(kinds.querySelector(":checked").value));
  }

  get kind() {
    return this.state.kind;
  }

  /** Whether there is a graph and all that is needed to ask about it. */
  get ready() {
    return Boolean(this.schemas && (this.picked ?? this.drawn));
  }

  /** What the graph is called. */
  get name() {
    return this.picked?.name ?? `${this.state.generator}.json`;
  }

  get title() {
    return this.picked?.name ?? GENERATORS[this.state.generator].title;
  }

  /** The document of a generator's graph, null of a file's. */
  get document() {
    return this.picked ? null : documentOf(this.state.generator, this.graphValues(), this.drawn);
  }

  /** The graph as a file. */
  get file() {
    return this.picked ?? new File([JSON.stringify(this.document)], this.name, { type: "application/json" });
  }

  /** Seconds. */
  get deadline() {
    return Number(this.value("deadline_s"));
  }

  /** The params that are not the service's defaults, as JSON has them. */
  get params() {
    return paramsIn(this.state.values, this.own);
  }

  value(name) {
    return this.state.values[name] ?? this.own.find((each) => each.name === name)?.usual ?? "";
  }

  async load() {
    try {
      this.schemas = await loadSchemas();
    } catch {
      setTimeout(() => this.load(), AGAIN_MS);
      return;
    }
    this.known = generatorParameters(this.schemas);
    this.build();
    if (this.picked) await this.take(this.picked);
    else if (this.state.generator) this.generate(this.state.generator, this.state.values);
    else this.await(this.state.file);
  }

  /** Another kind is chosen. */
  turn(kind) {
    this.state.kind = kind;
    if (this.schemas) this.build();
    this.fill();
  }

  /** A generator's graph, with these values. */
  generate(name, values = this.without("graph.")) {
    this.picked = null;
    this.input.value = "";
    Object.assign(this.state, { generator: name, file: null, values });
    this.build();
    this.fill();
    if (this.schemas) this.draw();
  }

  /** A file's graph. */
  async take(file) {
    this.picked = file;
    Object.assign(this.state, { generator: null, file: file.name, values: this.without("graph.") });
    this.build();
    this.fill();
    this.drawn = null;
    let note = "";
    const drawn = await readGraph(file, this.known).catch((error) => {
      note = `The page cannot draw it: ${error.message}.`;
      return null;
    });
    if (this.picked !== file) return;
    this.hang(drawn, note);
  }

  /** The kind and the params of a job of the service are those that are chosen. */
  restore({ kind, spec }) {
    this.state.kind = kind;
    this.showKind();
    this.build();
    this.state.values = { ...this.without("params."), ...textsOf(spec.params, this.own) };
    this.fill();
  }

  /** Whether a generator's graph is there that may be the one a job works on. */
  isOf({ input }) {
    return !this.picked && this.drawn?.n === input?.nodes && 2 * this.drawn.src.length === input.entries;
  }

  /** All values are the defaults. */
  reset() {
    this.state.values = {};
    this.fill();
    if (!this.picked) this.draw();
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

  showKind() {
    this.kinds.querySelector(`[value="${this.kind}"]`).checked = true;
  }

  /** The parameters of the generator that is chosen. */
  get drawing() {
    return this.known[this.state.generator] ?? [];
  }

  build() {
    this.own = this.schemas ? paramsOf(this.schemas, KINDS[this.kind]) : [];
    const view = (parameter) => new ParameterView(parameter, (name, text) => this.give(name, text));
    const [mine, theirs] = [this.drawing.map(view), this.own.map(view)];
    this.views = [...mine, ...theirs];
    this.graphFields.replaceChildren(...mine.map(({ element: each }) => each));
    this.paramFields.replaceChildren(...theirs.map(({ element: each }) => each));
  }

  give(name, text) {
    const { [name]: before, ...rest } = this.state.values;
    this.state.values = text === "" ? rest : { ...rest, [name]: text };
    this.fill();
    if (name.startsWith("graph.")) this.draw();
  }

  fill() {
    for (const view of this.views) view.show(this.state.values[view.parameter.name] ?? "");
    this.complain([]);
    for (const chip of this.chips.children) chip.setAttribute("aria-pressed", String(chip.value === this.state.generator));
    this.again.hidden = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => history.replaceState(null, "", location.pathname + toQuery(this.state) + location.hash), ADDRESS_MS);
    this.onChange();
  }

  graphValues() {
    return Object.fromEntries(this.drawing.map(({ key, name, usual }) => [key, Number(this.state.values[name] ?? usual)]));
  }

  draw() {
    const values = this.graphValues();
    const wrong = this.drawing.filter((each) => !isTaken(each, values[each.key]))
      .map(({ name, min, max, whole }) => ({ field: name, message: `must be ${whole ? "a whole number" : "a number"} from ${min} to ${max}` }));
    if (wrong.length) {
      this.hang(null, "");
      this.complain(wrong);
      return;
    }
    try {
      this.hang(GENERATORS[this.state.generator].draw(values), "");
    } catch (error) {
      this.hang(null, `This is too large for the page: ${error.message}.`);
    }
  }

  hang(drawn, note) {
    this.drawn = drawn;
    this.onGraph(drawn, note);
    this.onChange();
  }

  // A link holds the name of a file, but not the file.
  await(name) {
    this.fill();
    this.again.textContent = `This link was made with ${name}. Choose the same file again; every value is set.`;
    this.again.hidden = false;
  }

  without(prefix) {
    return Object.fromEntries(Object.entries(this.state.values).filter(([name]) => !name.startsWith(prefix)));
  }
}

function isTaken({ type, min, max, whole }, value) {
  return type === "choice" || (value >= min && value <= max && (!whole || Number.isInteger(value)));
}

function fromQuery(text) {
  const { kind, graph, file = null, ...values } = Object.fromEntries(new URLSearchParams(text));
  const generator = Object.hasOwn(GENERATORS, graph ?? "") ? graph : null;
  return {
    kind: Object.hasOwn(KINDS, kind ?? "") ? kind : "graph.expand",
    generator: generator ?? (file ? null : "territory"),
    file,
    values,
  };
}

function toQuery({ kind, generator, file, values }) {
  const where = generator ? { graph: generator } : { file };
  return `?${new URLSearchParams({ kind, ...where, ...values })}`;
}
