// The parameters as the service describes them in /openapi.json: the one place for ranges and defaults.

import { KINDS } from "./kinds.js";

/**
 * The parameters of each kind, `{shading: [parameter], drawing: [parameter], phases}`, of which
 * `phases` has the parameters of a phase and, by its name, the values that each phase has.
 */
export async function loadSchema() {
  const schemas = await loadSchemas();
  const kinds = Object.entries(KINDS).map(([kind, { model, without }]) => [
    kind,
    parameters(schemas[model]).filter(({ name }) => !without.includes(name)),
  ]);
  const phases = { parameters: parameters(schemas.PhaseSpec), values: schemas.ShadeSpec.properties.envelope["x-phases"] };
  return { ...Object.fromEntries(kinds), phases };
}

/** All schemas by name, as the service has them. */
export async function loadSchemas() {
  const answer = await fetch("/openapi.json", { priority: "low" });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return (await answer.json()).components.schemas;
}

/** The parameters of one schema. */
export function parameters({ properties }) {
  return Object.entries(properties).map(([name, property]) => parameter(name, property));
}

function parameter(name, { anyOf, examples = [], default: usual = examples[0], ...own }) {
  const schema = anyOf ? anyOf.find(({ type }) => type !== "null") : own;
  const { description } = { ...schema, ...own };
  return {
    name,
    label: label(name),
    type: typeOf(schema),
    choices: schema.enum ?? [],
    transparent: (schema.pattern ?? "").includes("transparent"),
    min: schema.minimum ?? schema.exclusiveMinimum,
    max: schema.maximum,
    above: "exclusiveMinimum" in schema,
    whole: (schema.items ?? schema).type === "integer",
    items: schema.items && { min: schema.items.minimum, max: schema.items.maximum, most: schema.maxItems },
    usual: textOf(usual),
    description,
    unit: unitOf(description, schema),
  };
}

function typeOf({ enum: choices, type, items, pattern }) {
  if (choices) return "choice";
  if (type === "array") return items.$ref ? "phases" : "list";
  if (type === "integer" || type === "number" || type === "boolean") return type === "integer" ? "number" : type;
  return pattern?.includes("#") ? "colour" : "text";
}

// `deadline_s` is in seconds, which its unit says, and `num_islands` is a count.
function label(name) {
  const words = name.replace(/^num_/, "").replace(/_s$/, "").replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** A value of JSON as the text that stands for it in a form. */
export function textOf(value) {
  if (value === null || value === undefined) return "";
  if (!Array.isArray(value)) return String(value);
  if (value.length === 0) return "";
  return typeof value[0] === "object" ? JSON.stringify(value) : value.join(", ");
}

// Every description of a number names its unit.
const UNITS = [
  [/\bseconds\b/i, "s"],
  [/\(area\)/, "px²"],
  [/\bpixels\b/i, "px"],
  [/\bunits of scale\b/, "× scale"],
  [/\((share|factor)\)/, null],
];

function unitOf(description, { type, items }) {
  if (!["integer", "number"].includes(items?.type ?? type)) return "";
  for (const [pattern, unit] of UNITS) {
    const found = pattern.exec(description);
    if (found) return unit ?? `(${found[1]})`;
  }
  return "";
}

/** Range and default in words. */
export function facts({ type, min, max, above, items, unit, usual }, now = usual) {
  const suffix = unit && ` ${unit}`;
  const range = [];
  if (type === "number" && above) range.push(`more than ${min}, at most ${max}${suffix}`);
  else if (type === "number" && max !== undefined) range.push(`${min} to ${max}${suffix}`);
  if (type === "list") range.push(`up to ${items.most} numbers, ${items.min} to ${items.max}${suffix}`);
  if (type === "colour") range.push("#rrggbb");
  return [...range, `default ${now === "" ? "automatic" : now}`].join(", ");
}
