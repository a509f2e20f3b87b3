// One curve of the envelope: a value over the four phases, whose points can be dragged.
//
// Each point is a range input, for keyboard and screen reader; the dot that is seen follows it.

import { stepOf } from "./controls.js";
import { element } from "./elements.js";
import { positions, valueAt } from "./envelope_values.js";

const SVG = "http://www.w3.org/2000/svg";

export class Curve {
  /** `onInput(name, index, value)` while a point moves, `onReset(name)` for all points of the curve. */
  constructor(parameter, phases, { onInput, onReset }) {
    Object.assign(this, { parameter, onInput, values: phases.map(() => parameter.min) });
    this.line = document.createElementNS(SVG, "polyline");
    this.passes = document.createElementNS(SVG, "path");
    this.plot = element("div", { className: "plot" }, this.drawing());
    this.inputs = phases.map((phase, index) => this.input(phase, index));
    this.dots = this.inputs.map((input, index) => this.dot(input, index));
    this.plot.append(...this.inputs, ...this.dots);
    this.outputs = phases.map(() => element("span"));
    this.undo = element("button", { type: "button", className: "undo", textContent: "↺", "aria-label": `Reset ${parameter.label.toLowerCase()} of all phases` });
    this.undo.title = this.undo.getAttribute("aria-label");
    this.undo.addEventListener("click", () => {
      onReset(parameter.name);
      this.inputs[0].focus();
    });
    this.element = this.figure(phases);
  }

  figure(phases) {
    const { label, description, min, max, unit } = this.parameter;
    const range = `${min} to ${max}${unit && !description.includes(unit) ? ` ${unit}` : ""}`;
    const columns = phases.map((phase, index) => element("span", {}, this.outputs[index], element("small", { textContent: phase })));
    return element("div", { className: "curve", role: "group", "aria-label": label },
      element("p", { className: "curve-title" }, element("strong", { textContent: label }), this.undo),
      this.plot,
      element("div", { className: "columns", "aria-hidden": "true" }, ...columns),
      element("p", { className: "help", textContent: `${description} ${range}.` }));
  }

  drawing() {
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["viewBox", "0 0 100 100"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) {
      svg.setAttribute(name, value);
    }
    svg.append(this.line, this.passes);
    return svg;
  }

  input(phase, index) {
    const { label, min, max } = this.parameter;
    const input = element("input", { type: "range", min, max, step: stepOf(this.parameter), "aria-label": `${label}, ${phase}` });
    input.addEventListener("input", (event) => {
      event.stopPropagation(); // it is no field of the form
      this.onInput(this.parameter.name, index, Number(input.value));
    });
    return input;
  }

  dot(input, index) {
    const dot = element("span", { className: "dot", "aria-hidden": "true" });
    dot.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      dot.setPointerCapture(event.pointerId);
      input.focus({ preventScroll: true });
    });
    dot.addEventListener("pointermove", (event) => {
      if (dot.hasPointerCapture(event.pointerId)) this.drag(index, event.clientY);
    });
    return dot;
  }

  drag(index, y) {
    const { top, height } = this.plot.getBoundingClientRect();
    const { min, max } = this.parameter;
    const input = this.inputs[index];
    input.value = min + (1 - (y - top) / height) * (max - min); // rounded and kept in range by the input
    this.onInput(this.parameter.name, index, Number(input.value));
  }

  /** Show the values of the phases; `changed` where they are not the usual ones. */
  show(values, { passes, stretched, changed }) {
    const held = stretched ? values.map((value, index) => [this.x(index), value]) : values.flatMap((value, index) =>
      [[(100 * index) / values.length, value], [(100 * (index + 1)) / values.length, value]]);
    this.line.setAttribute("points", held.map(([x, value]) => `${x},${this.y(value)}`).join(" "));
    const at = positions(passes, stretched, values.length - 1);
    const marks = at.map((position) => `M${this.x(position)} ${this.y(valueAt(values, position))}h0`);
    this.passes.setAttribute("d", marks.join(""));
    const last = Math.max(...at);
    values.forEach((value, index) => {
      this.inputs[index].value = value;
      this.outputs[index].textContent = Number(value.toFixed(3));
      this.dots[index].style.left = `${this.x(index)}%`;
      this.dots[index].style.top = `${this.y(value)}%`;
      this.dots[index].toggleAttribute("data-unused", stretched ? passes === 1 && index > 0 : index > last);
    });
    this.undo.hidden = !changed;
  }

  /** The values as the inputs have them: in range, and on a step. */
  taken() {
    return this.inputs.map((input) => Number(input.value));
  }

  x(position) {
    return (100 * (position + 0.5)) / this.values.length;
  }

  y(value) {
    const { min, max } = this.parameter;
    return 100 * (1 - (value - min) / (max - min));
  }
}
