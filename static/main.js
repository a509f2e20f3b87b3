// Wires the page together: pictures come in, a run starts, its news go to the views.

import { outputName } from "./form/names.js";
import { Params } from "./form/params.js";
import { jobInAddress, putJobInAddress } from "./job/address.js";
import { readField, readImage, readJob } from "./job/api.js";
import { Helm } from "./job/helm.js";
import { Inputs } from "./job/inputs.js";
import { News } from "./job/news.js";
import { orderOf, secondsLeft } from "./job/opened.js";
import { found, placed } from "./job/origins.js";
import { isElsewhere } from "./job/pages.js";
import { Run } from "./job/run.js";
import { resultFacts } from "./job/words.js";
import { Egg } from "./wall/egg.js";
import { explained } from "./wall/layers.js";
import { Stage } from "./wall/stage.js";
import { Strip } from "./wall/strip.js";

const byId = (id) => document.getElementById(id);
const AIMS = { tiles: 0.03, image: 0.1 }; // the tolerances that the server has, by scope

// What hangs there.
const now = { order: null, picture: null, bitmap: null, resultPass: null, hung: null, opening: null };

const stage = new Stage();
const news = new News(byId("status"), byId("counts"));
const egg = new Egg(byId("egg-open"), byId("egg"));
const strip = new Strip(byId("passes-strip"), {
  onChoose: ({ pass, name, url }) => {
    strip.choose(pass);
    stage.show(url, pass === now.resultPass ? "Result" : name);
  },
  onPicture: (pass, bitmap) => {
    if (helm.busy && pass === news.progress.passes_done) stage.drawn(bitmap);
  },
});
stage.views.strip = strip;
const inputs = new Inputs(byId("ways"), {
  onChange: (part) => {
    params.setPictures(inputs);
    if (part === "target") now.hung = hang();
  },
  onTrouble: (error) => helm.problem.show(error),
});
const params = new Params(byId("form"), byId("kind"), changed);
const helm = new Helm({
  start,
  resume,
  open,
  isReady: () => inputs.target && params.schema,
  keyed: () => params.write(),
  complain: (errors) => params.complain(errors),
  left: takeDown,
  refused: () => stage.takeDown(),
}, news);
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
  helm.leave();
  now.opening = null;
  putJobInAddress(null);
  news.setState("idle");
  changed();
  const picture = inputs.target;
  now.bitmap = null;
  const bitmap = await stage.hang(picture.file, picture.name);
  if (inputs.target !== picture) return;
  now.bitmap = bitmap;
  if (bitmap && helm.current) strip.draw(0, bitmap); // the run was there before it was decoded
}

/** A new job for what is chosen. */
function start() {
  helm.leave();
  helm.again = start;
  params.complain([]);
  now.order = params.order;
  prepare(Object.fromEntries(["scope", "passes", "tolerance"].map((name) => [name, params.value(name)])));
  run(placed(inputs.files(now.order.kind), explained(now.order)), params.deadline);
}

function resume({ spec }, origin) {
  const { order, picture } = now;
  run(origin(params.deadline), params.deadline, async () => {
    const bitmap = await createImageBitmap(picture);
    prepare(order.kind === "shading" ? spec : {});
    stage.drawn(bitmap);
  });
}

/**
 * Show a job that the service has, whether under way or over; false where it has it no more. Of its
 * pictures, those that the link names as samples stay samples.
 */
async function open(path, link = {}) {
  helm.leave();
  helm.again = () => open(path);
  now.opening = path;
  news.setState("idle", "Opening.");
  try {
    const job = await readJob(path);
    if (isElsewhere(job)) return true;
    const input = await readImage(path, { pass: 0 });
    if (now.opening !== path) return true; // something else was chosen meanwhile
    const name = `${job.name || "picture"}.png`;
    if (link.source?.sample) await inputs.putSample("source", link.source.sample);
    else await putSource(path, job.spec);
    if (now.opening !== path) return true;
    const sample = link.target?.sample === job.name ? job.name : null;
    inputs.put("target", { file: new File([input], name, { type: input.type }), name, sample });
    const hung = now.hung;
    await hung;
    if (now.hung !== hung) return true;
    helm.again = start;
    now.order = orderOf(job);
    const { mode, ...spec } = job.spec; // which is said by the pictures
    params.restore(now.order.kind, spec);
    prepare(job.spec);
    run(found(path), secondsLeft(job));
  } catch (error) {
    return helm.unopened(error);
  }
  return true;
}

// What lends a job strokes, where it is not the picture itself.
async function putSource(path, { mode }) {
  const picture = mode === "cross" ? await readImage(path, { part: "source" }).catch(() => null) : null;
  if (now.opening !== path) return;
  const file = picture && new File([picture], "source.png", { type: picture.type });
  const lost = mode === "cross" ? "that of the job is not to be had; choose it again to run anew" : null;
  inputs.put("source", file && { file, name: file.name }, lost);
}

// The views are ready for a run of an order with these fields.
function prepare({ scope = "tiles", passes = null, tolerance = null }) {
  const { kind } = now.order;
  Object.assign(now, { resultPass: null, picture: null });
  news.begin({ kind, passes: Number(passes), aim: Number(tolerance) || AIMS[scope] });
  stage.begin({ order: now.order, target: inputs.target.file, source: inputs.source?.file ?? null });
  helm.downloads.hide();
  egg.drop();
  strip.begin(now.bitmap, stage.original.src, Number(passes));
  byId("passes-section").hidden = kind !== "shading";
}

function run(origin, deadline, onAccepted = () => {}) {
  helm.run(Run, origin, deadline, {
    accepted: async (path) => {
      const { signal } = helm.current;
      await onAccepted();
      if (!signal.aborted) stage.follow(path, signal);
    },
    tiles: (certificates) => {
      news.setCertificates(certificates);
      stage.field.tiles(certificates);
    },
    missed: () => stage.field.missed(),
    pass: passDone,
    preview: (header, bitmap) => stage.preview(header, bitmap),
    ended: (job, picture) => (picture ? hangResult(job, picture) : stage.takeDown()),
  });
}

function passDone(index) {
  stage.passDone(index);
  if (stage.live.fullWidth) strip.draft(index, stage.live.canvas);
  strip.fetch(helm.current.path, index, helm.current.signal);
}

async function hangResult(job, picture) {
  now.picture = picture;
  const { kind } = now.order;
  const { path, signal } = helm.current;
  await stage.finish(picture, { state: job.state, facts: resultFacts(job) }, job);
  if (signal.aborted) return;
  const nameFor = (ending) => outputName(inputs.target.file.name, kind, ending);
  helm.downloads.offer({ path, kind, picture, nameFor, signal });
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
  const { path, signal } = helm.current;
  try {
    const svg = await readField(path, "image/svg+xml", signal);
    if (!signal.aborted) stage.showSvg(svg);
  } catch (error) {
    if (!signal.aborted) console.warn("there is no SVG", error);
  }
}

/** What a run left beside the pictures is taken away. */
function takeDown() {
  now.picture = null;
  egg.drop();
  byId("passes-section").hidden = true;
}

/** What would be asked for has changed, or whether it can be. */
function changed() {
  document.body.dataset.kind = params.kind;
  helm.update();
}
