// Wires the page together: a picture comes in, a run starts, its news go to the views.

import { readSvg, Refusal } from "./api.js";
import { copyOnClick } from "./clipboard.js";
import { Countdown } from "./countdown.js";
import { curlCommand, outputName } from "./curl.js";
import { hasKey, KeyForm } from "./keys.js";
import { News } from "./news.js";
import { Params } from "./params.js";
import { ProblemNote } from "./problem.js";
import { Run } from "./run.js";
import { Stage } from "./stage.js";
import { Strip } from "./strip.js";
import { acceptFiles } from "./upload.js";
import { resultFacts } from "./words.js";

const byId = (id) => document.getElementById(id);
const form = byId("form");
const AIMS = { tiles: 0.03, image: 0.1 }; // the tolerances that the server has, by scope

// The picture, and the run whose pictures hang there, which is under way while `busy`.
const now = { file: null, bitmap: null, run: null, order: null, busy: false, resultPass: null };

const stage = new Stage();
const news = new News(byId("status"), byId("counts"));
const countdown = new Countdown(byId("countdown"));
const problem = new ProblemNote(byId("problem"));
const params = new Params(form, byId("kind"), writeCurl);
const strip = new Strip(byId("passes-strip"), {
  onChoose: ({ pass, name, url }) => {
    strip.choose(pass);
    stage.show(url, pass === now.resultPass ? "Result" : name);
  },
  onPicture: (pass, bitmap) => {
    if (now.busy && pass === news.progress.passes_done) stage.drawn(bitmap);
  },
});

acceptFiles({ input: byId("file"), frame: byId("drop"), onFile: choose });
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (now.file && !now.busy) start();
});
byId("cancel").addEventListener("click", () => now.busy && now.run.cancel());
copyOnClick(byId("copy"), byId("curl"));
const keyForm = new KeyForm(byId("key-form"), () => {
  writeCurl();
  if (now.file && !now.busy) start();
});
writeCurl();

async function choose(file) {
  leaveRun();
  now.file = file;
  news.setState("idle");
  writeCurl();
  setBusy(false);
  const bitmap = await stage.hang(file);
  if (now.file === file) now.bitmap = bitmap;
}

function start() {
  leaveRun();
  params.complain([]);
  now.order = params.order;
  now.run = new Run(now.file, now.order, listener(params.deadline));
  now.resultPass = null;
  const { scope = "tiles", passes = 0 } = Object.fromEntries(now.order.fields);
  news.begin({ kind: now.order.kind, passes: Number(passes), aim: AIMS[scope] });
  stage.begin();
  strip.begin(now.bitmap, stage.original.src, Number(passes));
  byId("passes-section").hidden = isDrawing();
  setBusy(true);
  now.run.start();
}

// What becomes of a run's news.
function listener(deadline) {
  return {
    state: (state) => news.setState(state),
    upload: (share) => news.count(`${Math.round(100 * share)} %`),
    accepted: () => {
      news.count("");
      countdown.start(deadline);
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
  stage.field.passDone(index);
  if (stage.live.fullWidth) strip.draft(index, stage.live.canvas);
  strip.fetch(now.run.path, index, now.run.signal);
}

async function ended(job, picture) {
  const seconds = countdown.elapsed();
  if (picture) await hangResult(job, picture);
  else stage.takeDown();
  settle();
  news.end(job, seconds);
  if (job.problem) problem.show(new Refusal(job.problem));
}

async function hangResult(job, picture) {
  const name = outputName(now.file.name, now.order.kind);
  await stage.finish(picture, { state: job.state, facts: resultFacts(job), name });
  if (isDrawing()) {
    offerSvg(); // not waited for
    return;
  }
  const { passes_done: done = 0, passes_total: total = 0 } = job.progress ?? {};
  for (let pass = 1; pass <= done; pass++) strip.fetch(now.run.path, pass, now.run.signal);
  const whole = job.state === "complete";
  now.resultPass = whole ? total : strip.addPartial(stage.result, stage.result.src);
  strip.choose(now.resultPass);
}

// The lines follow the picture: whoever wants them can have them a moment later.
async function offerSvg() {
  const { run, file } = now;
  try {
    const svg = await readSvg(run.path, run.signal);
    if (!run.signal.aborted) stage.offerSvg(svg, outputName(file.name, "drawing", "svg"));
  } catch (error) {
    if (!run.signal.aborted) console.warn("there is no SVG", error);
  }
}

function refused(error) {
  leaveRun();
  stage.takeDown();
  problem.show(error, params.complain(error.errors ?? []));
  news.setState("failed", "Not done.");
  if (error.status === 401) keyForm.ask();
  if (!(error instanceof Refusal)) console.error(error);
}

const isDrawing = () => now.order.kind === "drawing";

/** The run is over; some of its pictures may still be on their way. */
function settle() {
  countdown.hide();
  setBusy(false);
}

/** Forget the run, whether under way or over. */
function leaveRun() {
  now.run?.abandon();
  now.run = null;
  settle();
  problem.clear();
  news.count("");
  byId("passes-section").hidden = true;
}

function setBusy(busy) {
  now.busy = busy;
  byId("run").disabled = busy || !now.file;
  byId("cancel").hidden = !busy;
  document.body.toggleAttribute("data-busy", busy);
}

function writeCurl() {
  const name = now.file?.name ?? "picture.png";
  byId("curl").textContent = curlCommand(location.origin, name, params.order, hasKey());
}
