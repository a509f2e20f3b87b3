// The envelope: a curve for each value of its phases. Stands for the parameter `envelope`.

import { Curve } from "./curve.js";
import { element } from "./elements.js";
import { envelopeText, envelopeValues, phaseWords } from "./envelope_values.js";

export class Envelope {
  /**
   * `phases` holds the parameters of a phase, and by their names the values of each. `onInput(name,
   * text)` as of a ParameterView, whose methods it has.
   */
  constructor(parameter, phases, onInput) {
    Object.assign(this, { parameter, onInput, text: "", passes: 4, stretched: false });
    this.names = Object.keys(phases.values);
    this.usual = Object.values(phases.values);
    this.values = envelopeValues("", this.usual);
    const toCurve = { onInput: (...point) => this.move(...point), onReset: (name) => this.reset(name) };
    this.curves = phases.parameters.map((each) => new Curve(each, this.names, toCurve));
    this.undo = element("button", { type: "button", className: "button quiet", textContent: "Reset all curves", hidden: true });
    this.undo.addEventListener("click", () => onInput("envelope", ""));
    this.words = element("p", { className: "help" });
    this.complaint = element("p", { className: "complaint", id: "envelope-complaint", hidden: true });
    this.element = element("div", { className: "envelope", role: "group", "aria-label": "Envelope", "data-name": "envelope" },
      element("p", { className: "help", textContent: `${parameter.description} Drag the points, or move them with the arrow keys.` }),
      element("div", { className: "curves" }, ...this.curves.map((curve) => curve.element)),
      this.complaint,
      element("div", { className: "row" }, this.words, this.undo));
  }

  move(name, index, value) {
    this.values[index][name] = value;
    this.onInput("envelope", envelopeText(this.values, this.usual));
  }

  reset(name) {
    this.values.forEach((phase, index) => (phase[name] = this.usual[index][name]));
    this.onInput("envelope", envelopeText(this.values, this.usual));
  }

  /** How the phases fall on the passes. */
  fall(passes, stretched) {
    Object.assign(this, { passes, stretched });
    this.words.textContent = phaseWords(this.names, passes, stretched);
    this.draw();
  }

  /** Show the envelope of this text; returns the text that the curves took. */
  show(text) {
    this.values = envelopeValues(text, this.usual);
    this.draw();
    for (const curve of this.curves) {
      curve.taken().forEach((value, index) => (this.values[index][curve.parameter.name] = value));
    }
    this.text = envelopeText(this.values, this.usual);
    this.undo.hidden = this.text === "";
    return this.text;
  }

  draw() {
    for (const curve of this.curves) {
      const { name } = curve.parameter;
      const values = this.values.map((phase) => phase[name]);
      const changed = values.some((value, index) => value !== this.usual[index][name]);
      curve.show(values, { passes: this.passes, stretched: this.stretched, changed });
    }
  }

  complain(message) {
    this.complaint.textContent = message;
    this.complaint.hidden = message === "";
  }

  focus() {
    this.curves[0].inputs[0].focus();
  }
}
