// The same request with the Python client.

import { KINDS } from "./kinds.js";
import { outputName, sampleUrl } from "./names.js";

const WIDTH = 88; // of a line that still is one

/** A script that sends the pictures with this order; `types` has the type of each field by its name. */
export function pythonScript(origin, { fields }, { target, source }, { kind, named, types, withKey }) {
  const { method } = KINDS[kind];
  const lent = source ? [`source=${picture(origin, source)}`] : [];
  const values = fields.map(([name, value]) => `${name}=${literal(value, types.get(name))}`);
  const call = [picture(origin, target), ...lent, ...values];
  const imports = ["import httpx", "import os"].filter((_, index) => [target.sample || source?.sample, withKey][index]);
  const key = withKey ? ', key=os.environ["ITTEN_KEY"]' : "";
  return [
    ...imports.sort(),
    ...(imports.length ? [""] : []),
    "from service.client import Itten",
    "",
    `with Itten(${quoted(origin)}${key}) as itten:`,
    ...wrapped(`    result = itten.${method}(`, call),
    `    result.save(${quoted(outputName(target.name, named))})`,
  ].join("\n");
}

function wrapped(head, words) {
  const line = `${head}${words.join(", ")})`;
  if (line.length <= WIDTH) return [line];
  return [head, ...words.map((word) => `        ${word},`), "    )"];
}

function picture(origin, { name, sample }) {
  return sample ? `httpx.get(${quoted(sampleUrl(origin, { sample }))}).content` : quoted(name);
}

function literal(text, type) {
  const trimmed = text.trim();
  if (type === "number" && trimmed !== "" && Number.isFinite(Number(trimmed))) return String(Number(trimmed));
  if (type === "boolean" && /^(true|false)$/.test(trimmed)) return trimmed === "true" ? "True" : "False";
  if (type === "list" || type === "phases") return listed(trimmed) ?? quoted(text);
  return quoted(text);
}

// Lists of numbers, and of objects with numbers, are written in Python as in JSON.
function listed(text) {
  try {
    return JSON.stringify(JSON.parse(text.startsWith("[") ? text : `[${text}]`)).replace(/([:,])(?=\S)/g, "$1 ");
  } catch {
    return null; // the service says what is wrong with it
  }
}

// JSON quotes as Python does, but for half of a surrogate pair, which no name of a file has.
const quoted = (text) => JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
