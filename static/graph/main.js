// The page of graphs: from a graph to its colours.

import { copyOnClick } from "../form/clipboard.js";
import { jobInAddress, putJobInAddress } from "../job/address.js";
import { readJob, readResult, Refusal } from "../job/api.js";
import { Countdown } from "../job/countdown.js";
import { Downloads, save } from "../job/downloads.js";
import { hasKey, KeyForm } from "../job/keys.js";
import { secondsLeft } from "../job/opened.js";
import { found, placed, resumed } from "../job/origins.js";
import { ProblemNote } from "../job/problem.js";
import { curlCommand } from "./curl.js";
import { GraphForm } from "./form.js";
import { GraphNews } from "./news.js";
import { Plot } from "./plot.js";
import { GraphRun } from "./run.js";
import { number, rangeOf, Values } from "./values.js";

const byId = (id) => document.getElementById(id);
const GONE = new Set([404, 410]);
const FORMATS = [
  { ending: "npz", text: "npz", type: "application/x-npz", title: "The values as arrays", read: ofResult },
  { ending: "json", text: "JSON", type: "application/json", title: "The values as JSON", read: ofResult },
];

const now = { run: null, job: null, kind: null, busy: false };
let again = start;

const values = new Values();
const news = new GraphNews(byId("status"), byId("counts"));
const countdown = new Countdown(byId("countdown"));
const problem = new ProblemNote(byId("problem"));
const downloads = new Downloads(byId("downloads"), (error) => problem.show(error), FORMATS);
const plot = new Plot(byId("plot"), tell);
const form = new GraphForm({
  kinds: byId("kind"), chips: byId("generators"), file: byId("file"), again: byId("again"),
  graphFields: byId("graph-fields"), paramFields: byId("param-fields"),
}, { onGraph: hang, onChange: changed });
const keyForm = new KeyForm(byId("key-form"), () => {
  changed();
  if (!now.busy) again();
});

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!byId("run").disabled) start();
});
byId("form").addEventListener("reset", () => setTimeout(() => form.reset()));
byId("cancel").addEventListener("click", () => now.busy && now.run.cancel());
byId("resume").addEventListener("click", () => now.job && !now.busy && resume());
byId("channel").addEventListener("change", () => show());
copyOnClick(byId("copy"), () => byId("curl"));
listenForFiles();
begin(jobInAddress());

/** What the address holds: a generator's graph, and a job that is still kept. */
async function begin(path) {
  await form.load();
  if (path && form.drawn) await open(path);
}

/** Another graph is there, drawn where it can be. */
function hang(drawn, note) {
  leaveRun();
  putJobInAddress(null);
  news.setState("idle", "Ready.");
  plot.hang(drawn);
  values.clear(drawn?.n ?? 0);
  byId("graph-title").textContent = form.title;
  byId("graph-meta").textContent = drawn ? facts(drawn) : "";
  byId("blank").textContent = note || (drawn && !plot.drawn ? "Too many nodes to lay out; give the file coordinates to see it." : "");
  byId("blank").hidden = byId("blank").textContent === "";
  show();
}

function facts({ n, src, x }) {
  const parts = [`${n.toLocaleString("en")} nodes`, `${src.length.toLocaleString("en")} edges`];
  if (!x && plot.drawn) parts.push("laid out by forces");
  if (plot.drawn && plot.drawn < n) parts.push(`${plot.drawn.toLocaleString("en")} nodes drawn`);
  return parts.join(" · ");
}

/** A new job for what is chosen. */
function start() {
  leaveRun();
  again = start;
  form.complain([]);
  values.clear(form.drawn?.n ?? 0);
  prepare(form.kind);
  const fields = [["params", JSON.stringify(form.params)], ["deadline_s", String(form.deadline)]];
  run(placed({ graph: form.file }, { endpoint: `/${form.kind}`, fields }), form.deadline);
}

/** Go on from the partial job; what it came to stays. */
function resume() {
  const { job } = now;
  problem.clear();
  again = resume;
  prepare(now.kind);
  run(resumed(job.links.self, form.deadline), form.deadline);
}

/** Show a job that the service has. */
async function open(path) {
  leaveRun();
  again = () => open(path);
  try {
    const job = await readJob(path);
    prepare(job.kind);
    run(found(path), secondsLeft(job));
  } catch (error) {
    refused(error);
    if (GONE.has(error.status)) putJobInAddress(null);
  }
}

function prepare(kind) {
  now.kind = kind;
  news.begin({ kind, passes: 0, aim: null });
  byId("badge").hidden = true;
  downloads.hide();
  show();
}

function run(origin, deadline) {
  now.run = new GraphRun(origin, listener(deadline));
  setBusy(true);
  now.run.start();
}

// What becomes of a run's news.
function listener(deadline) {
  const nothing = () => {};
  return {
    state: (state) => news.setState(state),
    upload: (share) => news.count(`${Math.round(100 * share)} %`),
    accepted: (path) => {
      now.job = null;
      putJobInAddress(path);
      countdown.start(deadline);
      news.count("");
    },
    progress: (progress) => news.setProgress(progress),
    patch: (patch) => {
      values.patch(patch);
      if (values.known) news.setProgress({ tiles_done: values.known, tiles_total: values.lambda2.length });
      show();
    },
    tiles: nothing, missed: nothing, pass: nothing, preview: nothing,
    contact: (there) => news.setConnected(there),
    trouble: (error) => problem.show(error),
    ended,
    refused,
  };
}

function ended(job, arrays) {
  const { origin, path, signal } = now.run;
  const seconds = origin.ours ? countdown.elapsed() : null;
  now.job = job;
  if (arrays) {
    values.take(arrays, job.result ?? {});
    const stem = form.name.replace(/\.[A-Za-z0-9]{1,5}$/, "");
    downloads.offer({ path, kind: now.kind, signal, nameFor: (ending) => `${stem}-${now.kind.replace(".", "-")}.${ending}` });
  }
  settle();
  Object.assign(byId("badge"), { hidden: job.state !== "partial", textContent: job.state });
  byId("badge").dataset.state = job.state;
  show();
  news.end(job, seconds);
  if (job.problem) problem.show(new Refusal(job.problem));
}

function refused(error) {
  const path = now.run?.path;
  if (path) again = () => open(path); // the job is there, and may well go on
  settle();
  problem.show(error, { errors: form.complain(error.errors ?? []), again: () => now.busy || again() });
  news.setState("failed", "Not done.");
  if (error.status === 401) keyForm.ask();
  if (!(error instanceof Refusal)) console.error(error);
}

/** The run is over. */
function settle() {
  countdown.hide();
  setBusy(false);
}

/** Forget the run, whether under way or over. */
function leaveRun() {
  now.run?.abandon();
  Object.assign(now, { run: null, job: null });
  settle();
  problem.clear();
  downloads.hide();
  news.count("");
  byId("badge").hidden = true;
}

function setBusy(busy) {
  now.busy = busy;
  changed();
  byId("cancel").hidden = !busy;
  byId("resume").hidden = busy || !now.job?.links?.resume;
  document.body.toggleAttribute("data-busy", busy);
}

/** Colours and their legend, of what is known. */
function show() {
  const channels = values.vectors.length;
  byId("channel-field").hidden = channels === 0;
  if (byId("channel").options.length !== channels) {
    byId("channel").replaceChildren(...values.vectors.map((_, i) => new Option(String(i + 1), String(i + 1))));
  }
  const shown = values.shown(channel());
  const range = rangeOf(shown);
  plot.colour(shown, range);
  byId("ramp").hidden = !range;
  if (!range) return;
  const eigenvalue = values.eigenvalues[channel() - 1];
  byId("ramp-name").textContent = channels ? `eigenvalue ${eigenvalue === undefined ? "not known" : number(eigenvalue)}, vector` : "λ₂";
  byId("ramp-low").textContent = number(range[0]);
  byId("ramp-high").textContent = number(range[1]);
  byId("ramp").querySelector(".unknown").hidden = !shown.some(Number.isNaN);
}

const channel = () => Number(byId("channel").value) || 1;

/** The node that is pointed at, beside it and for whoever listens. */
function tell(node) {
  const tip = byId("tip");
  tip.hidden = node === null;
  byId("node").textContent = tip.textContent = node === null ? "" : values.words(node, channel());
  if (node === null) return;
  const { x, y } = plot.place(node);
  const room = byId("plot").clientWidth;
  tip.style.left = `${Math.min(Math.max(x, tip.offsetWidth / 2), room - tip.offsetWidth / 2)}px`;
  tip.style.top = `${y}px`;
  tip.toggleAttribute("data-below", y < 60);
}

/** What would be asked for has changed, or whether it can be. */
function changed() {
  byId("run").disabled = now.busy || !form.ready;
  if (!form.ready) return;
  const { kind, name, params, deadline } = form;
  const { command, file } = curlCommand(location.origin, { kind, document: form.document, name, params, deadline }, hasKey());
  byId("curl").textContent = command;
  byId("command-note").replaceChildren(file ? `Run it in the folder of ${name}. ` : "It works as it is.");
  if (file && !form.picked) byId("command-note").append(saveButton());
}

function saveButton() {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "link", textContent: `Save ${form.name}` });
  button.addEventListener("click", () => save(form.file, form.name));
  return button;
}

function ofResult({ path, type, signal }) {
  return readResult(path, type, signal);
}

function listenForFiles() {
  const figure = byId("drop");
  addEventListener("dragover", (event) => {
    event.preventDefault();
    figure.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || figure.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    figure.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) form.take(file);
  });
}
