// The form: every parameter of what is made, its values in the address, the same as commands.

import { hasKey } from "../job/keys.js";
import { Commands } from "./commands.js";
import { implied, KINDS, outcome } from "./kinds.js";
import { Panel } from "./panel.js";
import { preset, Presets } from "./presets.js";
import { loadSchema, textOf } from "./schema.js";
import { fromQuery, pageAddress } from "./state.js";

const ADDRESS_MS = 150; // browsers refuse an address that changes too often
const AGAIN_MS = 3000; // until the service is asked once more what its parameters are
const WAIT_S = 10; // for an answer, where nothing else is known

export class Params {
  /**
   * `kinds` holds the radio buttons that choose what is made. `onChange()` whenever something else
   * would be asked for. The state is that of the address at first.
   */
  constructor(form, kinds, onChange) {
    Object.assign(this, { form, kinds, onChange, schema: null, timer: 0 });
    this.state = fromQuery(location.search);
    this.others = {}; // the fields of the kinds that are not shown
    this.panel = new Panel(form, (name, text) => this.give(name, text));
    this.presets = new Presets(form.querySelector("#presets"), (fields) => this.fill(preset(fields, this.state.fields)));
    this.commands = new Commands(form.querySelector("#commands"));
    this.again = form.querySelector("#again");
    this.wanted = { target: this.state.target, source: this.state.source };
    this.remind();
    kinds.addEventListener("change", () => this.turn(kinds.querySelector(":checked").value));
    // Browsers put their own values back after the event.
    form.addEventListener("reset", () => setTimeout(() => {
      this.commands.choose();
      this.fill({});
    }));
    this.showKind();
    this.load();
  }

  /** `shading` or `drawing`. */
  get kind() {
    return this.state.kind;
  }

  /** What to ask for: name and text of each spec field that is not the service's default. */
  get order() {
    const { kind, fields } = this.state;
    const { endpoint, base } = KINDS[kind];
    return { kind: outcome(kind, fields), endpoint, fields: Object.entries({ ...base, ...fields }) };
  }

  /** The text of a parameter in effect, be it given or the default; empty where it is automatic. */
  value(name) {
    const { kind, fields } = this.state;
    return fields[name] ?? this.usual(name) ?? "";
  }

  /** Seconds. */
  get deadline() {
    return Number(this.value("deadline_s")) || WAIT_S;
  }

  /** The pictures have changed: each null or `{name, sample?}`. */
  setPictures({ target, source }) {
    const plain = (picture) => picture && { name: picture.name, ...(picture.sample && { sample: picture.sample }) };
    Object.assign(this.state, { target: plain(target), source: plain(source) });
    if (target) this.wanted.target = null;
    if (source) this.wanted.source = null;
    this.remind();
    this.write();
  }

  /** Show the spec of a job; `explain` is the page's own wish. */
  restore(kind, { explain, ...spec }) {
    const fields = Object.fromEntries(Object.entries(spec).map(([name, value]) => [name, textOf(value)]));
    this.turn(kind === "shading" ? "shading" : "drawing");
    this.fill(fields);
  }

  /** Show each `{field, message}` at its parameter; returns those that have none here. */
  complain(errors) {
    return this.panel.complain(errors);
  }

  async load() {
    try {
      this.schema = await loadSchema();
    } catch {
      this.panel.apologise("The parameters cannot be read from the server; trying again.");
      setTimeout(() => this.load(), AGAIN_MS);
      return;
    }
    this.panel.build(this.schema, this.kind);
    this.fill(this.state.fields);
  }

  /** Another kind is chosen; each keeps its own values. */
  turn(kind) {
    if (kind !== this.kind) {
      this.others[this.kind] = this.state.fields;
      Object.assign(this.state, { kind, fields: this.others[kind] ?? {} });
    }
    this.showKind();
    if (this.schema) this.panel.build(this.schema, kind);
    this.fill(this.state.fields);
  }

  showKind() {
    this.kinds.querySelector(`[value="${this.kind}"]`).checked = true;
  }

  /** One value is given; an empty text is the default. */
  give(name, text) {
    const { [name]: before, ...rest } = this.state.fields;
    this.fill(text === "" ? rest : { ...this.state.fields, [name]: text });
  }

  /** These are the values; what no control takes is left out. */
  fill(fields) {
    this.state.fields = fields;
    if (this.schema) this.state.fields = this.panel.show((name) => this.state.fields[name] ?? "", (name) => this.usual(name));
    this.panel.complain([]);
    this.panel.fall(Number(this.value("passes")) || 1, this.value("envelope_curve") === "stretch");
    this.presets.show(this.kind, this.state.fields);
    this.write();
  }

  // The default of a parameter, which others may bring with them.
  usual(name) {
    const { kind, fields } = this.state;
    const known = { ...KINDS[kind].base, ...implied(kind, fields) };
    return known[name] ?? this.schema?.[kind].find((each) => each.name === name)?.usual;
  }

  /** Commands at once, the address when nothing more comes. */
  write() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => history.replaceState(null, "", pageAddress(this.state) + location.hash), ADDRESS_MS);
    this.writeCommands();
    this.onChange();
  }

  writeCommands() {
    const types = new Map(this.schema?.[this.kind].map(({ name, type }) => [name, type]));
    this.commands.show(this.order, this.state, { types, withKey: hasKey() });
  }

  // A link holds the name of a file, but not the file.
  remind() {
    const names = Object.values(this.wanted).filter((each) => each && !each.sample).map(({ name }) => name);
    this.again.hidden = names.length === 0;
    this.again.textContent = `This link was made with ${names.join(" and ")}. Choose the same file again; every value is set.`;
  }
}
