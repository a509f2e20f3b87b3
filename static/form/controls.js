// One control for each type of parameter. Each has `element`, the `input` that bears the parameter's
// name, `read()` and `write(text)`; an empty text is what the service chooses by itself.

import { element } from "./elements.js";

const MAKERS = { choice, boolean, number, list: text, colour, text };
const AUTOMATIC = "automatic";
const MOST_STEPS = 500; // that a slider of a hand's width can tell apart
const USUAL = 20; // times the default: as far as a slider goes where the range is wider than that

/** The control of a parameter; those of `phases` are in the envelope. */
export const control = (parameter) => MAKERS[parameter.type](parameter);

function named(name, properties) {
  return { id: name, name, autocomplete: "off", ...properties };
}

function choice({ name, choices, usual }) {
  const input = element("select", named(name));
  const open = usual === "" ? [["", AUTOMATIC]] : [];
  input.append(...[...open, ...choices.map((each) => [each, each])]
    .map(([value, shown]) => element("option", { value, textContent: shown })));
  return {
    element: input,
    input,
    read: () => input.value,
    write: (value) => (input.value = [...input.options].some((each) => each.value === value) ? value : usual),
  };
}

function boolean({ name }) {
  const input = element("input", named(name, { type: "checkbox" }));
  return {
    element: element("span", { className: "tick" }, input),
    input,
    read: () => String(input.checked),
    write: (value) => (input.checked = /^(true|1|on|yes)$/i.test(value)),
  };
}

function text({ name, usual }) {
  const input = element("input", named(name, { type: "text", spellcheck: false, placeholder: usual || AUTOMATIC }));
  return { element: input, input, read: () => input.value.trim(), write: (value) => (input.value = value) };
}

// The slider is for the pointer: the number beside it can do all it does and more, by keyboard too.
function number(parameter) {
  const { name, usual, whole, above, max } = parameter;
  const step = stepOf(parameter);
  const min = above ? parameter.min + step : parameter.min;
  const range = { min, max, step };
  const write = (value) => {
    input.value = value;
    if (input.value === "") input.value = usual; // the text was no number
  };
  const input = element("input", named(name, { type: "number", inputMode: whole ? "numeric" : "decimal", placeholder: usual || AUTOMATIC, ...range }));
  const wide = (max - min) / step > MOST_STEPS;
  const top = wide ? Math.min(max, min + MOST_STEPS * step, USUAL * Number(usual) || Infinity) : max;
  if (usual === "" || Number(usual) > top) return { element: input, input, read: () => input.value, write };
  const slider = element("input", { type: "range", tabIndex: -1, "aria-hidden": "true", ...range, max: top, value: usual });
  slider.addEventListener("input", () => (input.value = slider.value));
  input.addEventListener("input", () => (slider.value = input.value || usual));
  return {
    element: element("span", { className: "sliding" }, slider, input),
    input,
    read: () => input.value,
    write: (value) => {
      write(value);
      slider.value = input.value;
    },
  };
}

/** A step of 1, 0.1, 0.01, ..., of which there are some fifty or more in the range. */
export function stepOf({ whole, min, max, usual }) {
  const range = Math.min(max - min, USUAL * Number(usual) || Infinity);
  return whole ? 1 : Number((10 ** Math.floor(Math.log10(range / 50))).toPrecision(1));
}

function colour(parameter) {
  const { name, usual, transparent } = parameter;
  const { element: field, input, read, write } = text(parameter);
  const swatch = element("input", { type: "color", "aria-label": `Pick ${name}` });
  swatch.addEventListener("input", () => (input.value = swatch.value));
  const show = () => {
    const value = read() || usual;
    if (/^#[0-9a-f]{6}$/i.test(value)) swatch.value = value;
    swatch.parentElement.toggleAttribute("data-clear", value === "transparent");
  };
  input.addEventListener("input", show);
  const parts = [element("span", { className: "swatch" }, swatch), field];
  if (transparent) {
    const clear = element("button", { type: "button", className: "button quiet", textContent: "None" });
    clear.setAttribute("aria-label", "Transparent paper");
    clear.addEventListener("click", () => {
      input.value = "transparent";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    parts.push(clear);
  }
  return {
    element: element("span", { className: "colouring" }, ...parts),
    input,
    read,
    write: (value) => {
      write(value);
      show();
    },
  };
}
