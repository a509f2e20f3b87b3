// Wires the page together: pictures come in, a run starts, its news go to the views.

import { outputName } from "./form/names.js";
import { Params } from "./form/params.js";
import { jobInAddress, putJobInAddress } from "./job/address.js";
import { readField, readImage, readJob, Refusal } from "./job/api.js";
import { Countdown } from "./job/countdown.js";
import { Downloads } from "./job/downloads.js";
import { History } from "./job/history.js";
import { Inputs } from "./job/inputs.js";
import { KeyForm } from "./job/keys.js";
import { News } from "./job/news.js";
import { found, placed, resumed } from "./job/origins.js";
import { ProblemNote } from "./job/problem.js";
import { Run } from "./job/run.js";
import { orderOf, secondsLeft } from "./job/opened.js";
import { resultFacts } from "./job/words.js";
import { Egg } from "./wall/egg.js";
import { explained } from "./wall/layers.js";
import { Stage } from "./wall/stage.js";
import { Strip } from "./wall/strip.js";

const byId = (id) => document.getElementById(id);
const form = byId("form");
const AIMS = { tiles: 0.03, image: 0.1 }; // the tolerances that the server has, by scope
const GONE = new Set([404, 410]);

// The run whose pictures hang there, under way while `busy`; `again` asks for the same once more.
const now = { run: null, order: null, job: null, picture: null, bitmap: null, busy: false,
  resultPass: null, hung: null, opening: null };
let again = start;

const stage = new Stage();
const news = new News(byId("status"), byId("counts"));
const countdown = new Countdown(byId("countdown"));
const problem = new ProblemNote(byId("problem"));
const downloads = new Downloads(byId("downloads"), (error) => problem.show(error));
const egg = new Egg(byId("egg-open"), byId("egg"));
const strip = new Strip(byId("passes-strip"), {
  onChoose: ({ pass, name, url }) => {
    strip.choose(pass);
    stage.show(url, pass === now.resultPass ? "Result" : name);
  },
  onPicture: (pass, bitmap) => {
    if (now.busy && pass === news.progress.passes_done) stage.drawn(bitmap);
  },
});
stage.views.strip = strip;
const inputs = new Inputs(byId("ways"), {
  onChange: (part) => {
    params.setPictures(inputs);
    if (part === "target") now.hung = hang();
  },
  onTrouble: (error) => problem.show(error),
});
const params = new Params(form, byId("kind"), changed);
const history = new History(byId("history"), { onOpen: (job) => open(job.links.self) });
const keyForm = new KeyForm(byId("key-form"), () => {
  params.write();
  history.refresh();
  if (!now.busy) again();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!byId("run").disabled) start();
});
byId("cancel").addEventListener("click", () => now.busy && now.run.cancel());
byId("resume").addEventListener("click", () => now.job && !now.busy && resume());
addEventListener("hashchange", () => jobInAddress() && open(jobInAddress()));
changed();
begin(jobInAddress(), params.state);

/** What the address holds: a job that is still kept, else the pictures of a link. */
async function begin(path, { target, source }) {
  if (path && (await open(path, { target, source }))) return;
  for (const [part, picture] of Object.entries({ source, target })) {
    if (picture?.sample) await inputs.putSample(part, picture.sample);
    else if (picture) inputs.show(part, `choose ${picture.name} again`);
  }
}

/** A picture has come to be worked on. */
async function hang() {
  leaveRun();
  now.opening = null;
  putJobInAddress(null);
  news.setState("idle");
  changed();
  const picture = inputs.target;
  const bitmap = await stage.hang(picture.file, picture.name);
  if (inputs.target === picture) now.bitmap = bitmap;
}

/** A new job for what is chosen. */
function start() {
  leaveRun();
  again = start;
  params.complain([]);
  now.order = params.order;
  prepare(Object.fromEntries(["scope", "passes", "tolerance"].map((name) => [name, params.value(name)])));
  run(placed(inputs.files(now.order.kind), explained(now.order)), params.deadline);
}

/** Go on from the partial job that is shown; what it came to hangs there meanwhile. */
function resume() {
  const { job, order, picture } = now;
  problem.clear();
  again = resume;
  setBusy(true);
  run(resumed(job.links.self, params.deadline), params.deadline, async () => {
    const bitmap = await createImageBitmap(picture);
    now.job = null;
    prepare(order.kind === "shading" ? job.spec : {});
    stage.drawn(bitmap);
  });
}

/**
 * Show a job that the service has, whether under way or over; false where it has it no more. Of its
 * pictures, those that the link names as samples stay samples.
 */
async function open(path, link = {}) {
  leaveRun();
  again = () => open(path);
  now.opening = path;
  news.setState("idle", "Opening.");
  try {
    const [job, input] = await Promise.all([readJob(path), readImage(path, { pass: 0 })]);
    if (now.opening !== path) return true; // something else was chosen meanwhile
    const name = `${job.name || "picture"}.png`;
    if (link.source?.sample) await inputs.putSample("source", link.source.sample);
    else inputs.put("source", null, job.spec.mode === "cross" ? "that of the job; choose it again to run anew" : null);
    if (now.opening !== path) return true;
    const sample = link.target?.sample === job.name ? job.name : null;
    inputs.put("target", { file: new File([input], name, { type: input.type }), name, sample });
    const hung = now.hung;
    await hung;
    if (now.hung !== hung) return true;
    again = start;
    now.order = orderOf(job);
    const { mode, ...spec } = job.spec; // which is said by the pictures
    params.restore(now.order.kind, spec);
    prepare(job.spec);
    run(found(path), secondsLeft(job));
  } catch (error) {
    refused(error);
    if (GONE.has(error.status)) putJobInAddress(null);
    return !GONE.has(error.status);
  }
  return true;
}

// The views are ready for a run of an order with these fields.
function prepare({ scope = "tiles", passes = null, tolerance = null }) {
  const { kind } = now.order;
  Object.assign(now, { resultPass: null, picture: null, job: null });
  news.begin({ kind, passes: Number(passes), aim: Number(tolerance) || AIMS[scope] });
  stage.begin({ order: now.order, target: inputs.target.file, source: inputs.source?.file ?? null });
  downloads.hide();
  egg.drop();
  strip.begin(now.bitmap, stage.original.src, Number(passes));
  byId("passes-section").hidden = kind !== "shading";
}

function run(origin, deadline, onAccepted = () => {}) {
  now.run = new Run(origin, listener(deadline, onAccepted));
  setBusy(true);
  now.run.start();
}

// What becomes of a run's news.
function listener(deadline, onAccepted) {
  return {
    state: (state) => news.setState(state),
    upload: (share) => news.count(`${Math.round(100 * share)} %`),
    accepted: async (path) => {
      const { signal } = now.run;
      putJobInAddress(path);
      news.count("");
      countdown.start(deadline);
      await onAccepted();
      if (!signal.aborted) stage.follow(path, signal);
      history.refresh();
    },
    progress: (progress) => news.setProgress(progress),
    tiles: (certificates) => {
      news.setCertificates(certificates);
      stage.field.tiles(certificates);
    },
    missed: () => stage.field.missed(),
    pass: passDone,
    preview: (header, bitmap) => stage.preview(header, bitmap),
    contact: (there) => news.setConnected(there),
    trouble: (error) => problem.show(error),
    ended,
    refused,
  };
}

function passDone(index) {
  stage.passDone(index);
  if (stage.live.fullWidth) strip.draft(index, stage.live.canvas);
  strip.fetch(now.run.path, index, now.run.signal);
}

async function ended(job, picture) {
  const { origin, signal } = now.run;
  const seconds = origin.ours ? countdown.elapsed() : null;
  if (picture) await hangResult(job, picture);
  else stage.takeDown();
  if (signal.aborted) return; // another picture was chosen meanwhile
  settle();
  news.end(job, seconds);
  if (job.problem) problem.show(new Refusal(job.problem));
}

async function hangResult(job, picture) {
  Object.assign(now, { job, picture });
  const { kind } = now.order;
  const { path, signal } = now.run;
  await stage.finish(picture, { state: job.state, facts: resultFacts(job) }, job);
  if (signal.aborted) return;
  const nameFor = (ending) => outputName(inputs.target.file.name, kind, ending);
  downloads.offer({ path, kind, picture, nameFor, signal });
  if (kind === "drawing") showLines(); // not waited for
  if (kind !== "shading") return;
  if (job.links.field) egg.offer({ path, signal, nameFor });
  const { passes_done: done = 0, passes_total: total = 0 } = job.progress ?? {};
  for (let pass = 1; pass <= done; pass++) strip.fetch(path, pass, signal);
  now.resultPass = job.state === "complete" ? total : strip.addPartial(stage.result, stage.result.src);
  strip.choose(now.resultPass);
}

// The lines follow the picture: sharp in a frame of any size.
async function showLines() {
  const { path, signal } = now.run;
  try {
    const svg = await readField(path, "image/svg+xml", signal);
    if (!signal.aborted) stage.showSvg(svg);
  } catch (error) {
    if (!signal.aborted) console.warn("there is no SVG", error);
  }
}

function refused(error) {
  const path = now.run?.path;
  if (path) again = () => open(path); // the job is there, and may well go on
  if (!now.job) { // of a refused resume, what there was is still there
    leaveRun();
    stage.takeDown();
  }
  settle();
  problem.show(error, { errors: params.complain(error.errors ?? []), again: () => now.busy || again() });
  news.setState("failed", "Not done.");
  if (error.status === 401) keyForm.ask();
  if (!(error instanceof Refusal)) console.error(error);
}

/** The run is over; some of its pictures may still be on their way. */
function settle() {
  countdown.hide();
  setBusy(false);
  history.refresh();
}

/** Forget the run, whether under way or over. */
function leaveRun() {
  now.run?.abandon();
  Object.assign(now, { run: null, job: null, picture: null });
  countdown.hide();
  setBusy(false);
  problem.clear();
  downloads.hide();
  egg.drop();
  news.count("");
  byId("passes-section").hidden = true;
}

function setBusy(busy) {
  now.busy = busy;
  changed();
  byId("cancel").hidden = !busy;
  byId("resume").hidden = busy || !now.job?.links.resume;
  document.body.toggleAttribute("data-busy", busy);
}

/** What would be asked for has changed, or whether it can be. */
function changed() {
  document.body.dataset.kind = params.kind;
  byId("run").disabled = now.busy || !inputs.target || !params.schema;
}
