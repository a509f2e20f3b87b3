// The page of graphs: from a graph to its colours.

import { copyOnClick } from "../form/clipboard.js";
import { jobInAddress, putJobInAddress } from "../job/address.js";
import { readGraphOf, readJob, readResult } from "../job/api.js";
import { DataNews } from "../job/data_news.js";
import { save } from "../job/downloads.js";
import { Helm } from "../job/helm.js";
import { hasKey } from "../job/keys.js";
import { secondsLeft } from "../job/opened.js";
import { found, placed } from "../job/origins.js";
import { isElsewhere } from "../job/pages.js";
import { curlCommand } from "./curl.js";
import { GraphForm } from "./form.js";
import { Plot } from "./plot.js";
import { GraphRun } from "./run.js";
import { number, rangeOf, Values } from "./values.js";

const byId = (id) => document.getElementById(id);
const RARE = 0.02; // of the nodes, whose values of lambda_2 the colours need not reach
const FORMATS = [
  { ending: "npz", text: "npz", type: "application/x-npz", title: "The values as arrays", read: ofResult },
  { ending: "json", text: "JSON", type: "application/json", title: "The values as JSON", read: ofResult },
];

const WORDS = {
  "graph.expand": {
    seen: "every ball is known",
    partial: (done, total) => `${total ? `${done} of ${total}` : "none of the"} balls`,
  },
  "graph.fiedler": { seen: "the Fiedler vectors are known", partial: () => "the vectors as far as they were known" },
};

const now = { kind: null, opening: null };

const values = new Values();
const news = new DataNews(byId("status"), byId("counts"), WORDS);
const plot = new Plot(byId("plot"), tell);
const form = new GraphForm({
  kinds: byId("kind"), chips: byId("generators"), file: byId("file"), again: byId("again"),
  graphFields: byId("graph-fields"), paramFields: byId("param-fields"),
}, { onGraph: hang, onChange: changed });
const helm = new Helm({
  start,
  resume,
  open,
  isReady: () => form.ready,
  keyed: changed,
  complain: (errors) => form.complain(errors),
  left: () => (byId("badge").hidden = true),
  refused: () => {},
}, news, FORMATS);

byId("form").addEventListener("reset", () => setTimeout(() => form.reset()));
byId("channel").addEventListener("change", () => show());
copyOnClick(byId("copy"), () => byId("curl"));
listenForFiles();
begin(jobInAddress());

/** What the address holds: a graph, and a job that is still kept. */
async function begin(path) {
  await form.load();
  if (path) await open(path, { drawn: true });
}

/** Another graph is there, drawn where it can be. */
function hang(drawn, note) {
  helm.leave();
  now.opening = null;
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
  helm.leave();
  helm.again = start;
  form.complain([]);
  values.clear(form.drawn?.n ?? 0);
  prepare(form.kind);
  const fields = [["params", JSON.stringify(form.params)], ["deadline_s", String(form.deadline)]];
  run(placed({ graph: form.file }, { endpoint: `/${form.kind}`, fields }), form.deadline);
}

function resume(_, origin) {
  prepare(now.kind);
  run(origin(form.deadline), form.deadline);
}

/** Show a job that the service has, over its graph: the one that is `drawn`, or as the service has it. */
async function open(path, { drawn = false } = {}) {
  helm.leave();
  helm.again = () => open(path);
  now.opening = path;
  news.setState("idle", "Opening.");
  try {
    const job = await readJob(path);
    if (isElsewhere(job)) return;
    if (!(drawn && form.isOf(job))) {
      const file = new File([await readGraphOf(path)], `${job.name || "graph"}.npz`);
      if (now.opening !== path) return; // something else was chosen meanwhile
      await form.take(file);
      if (form.picked !== file) return;
    }
    helm.again = start;
    form.restore(job);
    values.clear(form.drawn?.n ?? 0);
    prepare(job.kind);
    run(found(path), secondsLeft(job));
  } catch (error) {
    helm.unopened(error);
  }
}

function prepare(kind) {
  now.kind = kind;
  news.begin({ kind, passes: 0, aim: null });
  byId("badge").hidden = true;
  helm.downloads.hide();
  show();
}

function run(origin, deadline) {
  const nothing = () => {};
  helm.run(GraphRun, origin, deadline, {
    patch: (patch) => {
      values.patch(patch);
      if (values.known) news.setProgress({ tiles_done: values.known, tiles_total: values.lambda2.length });
      show();
    },
    tiles: nothing, missed: nothing, pass: nothing, preview: nothing,
    ended,
  });
}

function ended(job, arrays) {
  const { path, signal } = helm.current;
  if (arrays) {
    values.take(arrays, job.result ?? {});
    const stem = form.name.replace(/\.[A-Za-z0-9]{1,5}$/, "");
    const nameFor = (ending) => `${stem}-${now.kind.replace(".", "-")}.${ending}`;
    helm.downloads.offer({ path, kind: now.kind, signal, nameFor });
  }
  Object.assign(byId("badge"), { hidden: job.state !== "partial", textContent: job.state });
  byId("badge").dataset.state = job.state;
  show();
}

/** Colours and their legend, of what is known. */
function show() {
  const channels = values.vectors.length;
  byId("channel-field").hidden = channels === 0;
  if (byId("channel").options.length !== channels) {
    byId("channel").replaceChildren(...values.vectors.map((_, i) => new Option(String(i + 1), String(i + 1))));
  }
  const shown = values.shown(channel());
  const range = rangeOf(shown, channels ? 0 : RARE);
  plot.colour(shown, range);
  byId("ramp").hidden = !range;
  if (!range) return;
  const eigenvalue = values.eigenvalues[channel() - 1];
  byId("ramp-name").textContent = channels ? `eigenvalue ${eigenvalue === undefined ? "not known" : number(eigenvalue)}, vector` : "λ₂";
  byId("ramp-low").textContent = number(range.low);
  byId("ramp-high").textContent = number(range.high) + (range.isOver ? " and more" : "");
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
  helm.update();
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
