// What the form stands for, as one plain object, and as the query of a link.
//
// {kind: "shading" | "drawing", fields: {name: text}, target, source}; `fields` holds only what
// differs from the default. A picture is null or {name, sample?}: a sample is in the link by its
// name and can be had again, of a file only the name is.

const NAME = /^[a-z][a-z0-9_]{0,59}$/;
const PICTURE = /^(?:sample:(?<sample>[a-z0-9-]{1,60})|file:(?<name>.{1,255}))$/su;
const LONGEST = 4096; // characters of a value, as the server has it
const PARTS = ["target", "source"];

export const emptyState = () => ({ kind: "shading", fields: {}, target: null, source: null });

/** The query of a link to this state, without `?`; empty for the defaults. */
export function toQuery({ kind, fields, ...pictures }) {
  const query = new URLSearchParams();
  if (kind !== "shading") query.set("kind", kind);
  for (const [name, text] of Object.entries(fields)) query.set(name, text);
  for (const part of PARTS) {
    const picture = pictures[part];
    if (picture) query.set(part, picture.sample ? `sample:${picture.sample}` : `file:${picture.name}`);
  }
  return query.toString();
}

/** Path and query of the page in this state. */
export function pageAddress(state) {
  const query = toQuery(state);
  return location.pathname + (query && `?${query}`);
}

/** The state that a query holds; what is no state is left out, fields are checked by their controls. */
export function fromQuery(text) {
  const state = emptyState();
  for (const [name, value] of new URLSearchParams(text)) {
    if (name === "kind") state.kind = value === "drawing" ? "drawing" : "shading";
    else if (PARTS.includes(name)) state[name] = picture(value);
    else if (NAME.test(name) && value.length <= LONGEST) state.fields[name] = value;
  }
  return state;
}

function picture(text) {
  const { sample, name } = PICTURE.exec(text)?.groups ?? {};
  if (sample) return { name: `${sample}.png`, sample };
  return name ? { name } : null;
}
