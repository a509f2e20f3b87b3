// What the page makes of a job document that it did not ask for itself.

import { ENDED } from "./api.js";

/** The order that led to a job: its kind as the page has it, its endpoint and fields. */
export function orderOf({ kind, spec }) {
  const fields = Object.entries(spec).map(([name, value]) => [name, String(value)]);
  if (kind === "shade") return { kind: "shading", endpoint: "/shade", fields };
  return { kind: spec.render === "contours" ? "drawing" : "field", endpoint: "/field", fields };
}

/** Seconds until its deadline, by this machine's clock: 0 for one that has ended. */
export function secondsLeft({ state, created, deadline_s: deadline }) {
  if (ENDED.has(state)) return 0;
  const left = deadline - (Date.now() - Date.parse(created)) / 1000;
  return Math.min(deadline, Math.max(0, left));
}
