// The params of a job whose answer is data, and its deadline, as parameters of a form.

import { parameters, textOf } from "./schema.js";

/**
 * The parameters that `schemas` has for a kind, `{model, job, without}`: those of its params have
 * `key`, their own name, beside `name`, which is `params.` and that.
 */
export function paramsOf(schemas, { model, job, without = [] }) {
  const known = parameters(schemas[model]).filter(({ name }) => !without.includes(name));
  const { deadline_s } = schemas[job].properties;
  return [...known.map((each) => ({ ...each, key: each.name, name: `params.${each.name}` })), ...parameters({ properties: { deadline_s } })];
}

/** What texts of a form, by name, come to as params; defaults are left out. */
export function paramsIn(texts, own) {
  return Object.fromEntries(own.filter(({ key, name }) => key && texts[name])
    .map(({ key, name, type }) => [key, valueOf(type, texts[name])]));
}

/** The texts for the params of a job, as far as they are no defaults. */
export function textsOf(params, own) {
  const given = Object.entries(params).map(([key, value]) => [`params.${key}`, textOf(value)]);
  return Object.fromEntries(given.filter(([name, text]) => own.some((each) => each.name === name && each.usual !== text)));
}

function valueOf(type, text) {
  if (type === "number") return Number(text);
  return type === "boolean" ? text === "true" : text;
}
