// Which page shows which jobs.

import { Refusal } from "./api.js";

const PAGES = {
  shade: "/", field: "/",
  "graph.expand": "/graphs", "graph.fiedler": "/graphs",
  "texture.synth": "/surfaces", "lattice.egg": "/surfaces", "render.egg": "/surfaces",
};

/** The path of the page for jobs of a kind; undefined where there is none. */
export const pageOf = (kind) => PAGES[kind];

/** Where a job is shown, by its document; null where no page shows it. */
export function addressOf({ id, kind }) {
  return kind in PAGES ? `${PAGES[kind]}#job=${id}` : null;
}

/** Whether another page than this one shows a job: it is opened there; a Refusal where none does. */
export function isElsewhere(job) {
  if (pageOf(job.kind) === location.pathname) return false;
  const address = addressOf(job);
  if (!address) throw new Refusal({ title: "No page shows this job", detail: `It is one of ${job.kind}; see ${job.links.self}.` });
  location.replace(address);
  return true;
}
