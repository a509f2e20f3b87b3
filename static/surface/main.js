// The page of surfaces: from params, and pictures where one likes, to a picture.

import { jobInAddress, putJobInAddress } from "../job/address.js";
import { readJob, readResult } from "../job/api.js";
import { DataNews } from "../job/data_news.js";
import { Helm } from "../job/helm.js";
import { secondsLeft } from "../job/opened.js";
import { found, placed } from "../job/origins.js";
import { isElsewhere } from "../job/pages.js";
import { SurfaceForm } from "./form.js";
import { SurfaceRun } from "./run.js";
import { Views } from "./views.js";

const byId = (id) => document.getElementById(id);
const WORDS = {
  "texture.synth": { seen: "the texture is on its egg", partial: (done, total) => `a texture of ${done} of ${total - 1} modes` },
  "lattice.egg": { seen: "three lattices are on their egg", partial: () => "the lattices as far as they were" },
  "render.egg": { seen: "the egg is rendered", partial: (done, total) => `${done} of ${total} rows of the egg` },
};
const FORMATS = [
  { ending: "png", text: "PNG", title: "The picture that hangs there", read: () => views.shown },
  { ending: "npz", text: "npz", type: "application/x-npz", title: "All arrays", read: ofResult },
  { ending: "json", text: "JSON", type: "application/json", title: "The values as JSON", read: ofResult },
];

const now = { kind: null, opening: null };

const news = new DataNews(byId("status"), byId("counts"), WORDS);
const views = new Views(byId("picture"), byId("view"), (error) => helm.problem.show(error));
const form = new SurfaceForm({
  kinds: byId("kind"), partFields: byId("part-fields"), paramFields: byId("param-fields"), again: byId("again"),
}, changed);
const helm = new Helm({
  start,
  resume,
  open,
  isReady: () => form.ready,
  keyed: changed,
  complain: (errors) => form.complain(errors),
  left: () => takeDown("What is made will hang here."),
  refused: () => {},
}, news, FORMATS);

byId("form").addEventListener("reset", () => setTimeout(() => form.reset()));
changed();
begin(jobInAddress());

/** What the address holds: values, and a job that is still kept. */
async function begin(path) {
  await form.load();
  if (path) await open(path);
}

/** A new job for what is chosen. */
function start() {
  helm.leave();
  helm.again = start;
  form.complain([]);
  prepare(form.kind);
  putJobInAddress(null);
  const fields = [["params", JSON.stringify(form.params)], ["deadline_s", String(form.deadline)]];
  run(placed(form.files, { endpoint: `/${form.kind}`, fields }), form.deadline);
}

function resume(_, origin) {
  prepare(now.kind);
  run(origin(form.deadline), form.deadline);
}

/** Show a job that the service has, whether under way or over. */
async function open(path) {
  helm.leave();
  helm.again = () => open(path);
  now.opening = path;
  news.setState("idle", "Opening.");
  try {
    const job = await readJob(path);
    if (isElsewhere(job) || now.opening !== path) return;
    helm.again = start;
    form.restore(job);
    prepare(job.kind);
    run(found(path), secondsLeft(job));
  } catch (error) {
    helm.unopened(error);
  }
}

function prepare(kind) {
  Object.assign(now, { kind, opening: null });
  news.begin({ kind, passes: 0, aim: null });
  helm.downloads.hide();
  takeDown("Nothing to be seen yet.");
}

function run(origin, deadline) {
  const nothing = () => {};
  helm.run(SurfaceRun, origin, deadline, { tiles: nothing, missed: nothing, pass: nothing, preview: nothing, ended });
}

function ended(job, picture) {
  const { path, signal } = helm.current;
  Object.assign(byId("badge"), { hidden: job.state !== "partial", textContent: job.state });
  byId("badge").dataset.state = job.state;
  if (!picture) return takeDown("No picture.");
  byId("blank").hidden = true;
  views.hang({ path, signal, picture, hasMaps: "height" in (job.result ?? {}) });
  const nameFor = (ending) => `${now.kind.replace(".", "-")}${ending === "png" ? `-${views.name}` : ""}.${ending}`;
  helm.downloads.offer({ path, kind: now.kind, signal, nameFor });
}

/** Nothing hangs there. */
function takeDown(why) {
  views.clear();
  byId("blank").textContent = why;
  byId("blank").hidden = false;
  byId("badge").hidden = true;
}

/** What would be asked for has changed, or whether it can be. */
function changed() {
  byId("title").textContent = byId("kind").querySelector(":checked + span").textContent;
  byId("pictures-title").hidden = byId("part-fields").childElementCount === 0;
  helm.update();
}

function ofResult({ path, type, signal }) {
  return readResult(path, type, signal);
}
