// What the left frame shows: the picture, its field, or how the chosen pass came about.

import { Layers } from "./layers.js";
import { Matches } from "./matches.js";
import { OtherSpectrum } from "./spectrum.js";

const byId = (id) => document.getElementById(id);
const EXPLAINED = new Set(["gate", "contours", "segments"]);
const LIVE = "Pale where coarse, full where converged.";
const WORDS = {
  gate: (pass) => `The gate of pass ${pass}: light where lines grow, dark where strokes are lent.`,
  contours: (pass) => `The contours of pass ${pass}: what counts as a line.`,
};
const ALTS = {
  gate: "The gate: light where the field opens it, dark where not",
  contours: "The contours, as black lines",
  segments: "The segments, each in a colour of its own",
};

export class Views {
  /** `field` is the canvas that lights up; `strip` knows the pictures between the passes. */
  constructor(field, frame) {
    Object.assign(this, { field, frame, view: "picture", wanted: null, strip: null });
    Object.assign(this, { layer: byId("layer"), beneath: byId("beneath"), legend: byId("legend") });
    this.box = byId("views");
    this.explained = [...byId("view").querySelectorAll("input")].filter(({ value }) => EXPLAINED.has(value));
    const inset = byId("inset");
    this.matches = new Matches(byId("matches"), inset.querySelector("svg"), (text) => this.point(text));
    this.inset = inset;
    byId("view").addEventListener("change", ({ target }) => {
      this.wanted = target.value;
      this.look(target.value);
    });
    for (const id of ["eigenvector", "spectrum"]) byId(id).addEventListener("change", () => this.refresh());
    this.reset();
  }

  reset() {
    this.layers?.drop();
    this.other?.drop();
    URL.revokeObjectURL(this.maskUrl);
    Object.assign(this, { layers: null, other: null, job: null, maskUrl: "" });
    Object.assign(this, { source: null, pass: 0, done: 0, words: "" });
    this.turn = (this.turn ?? 0) + 1;
    this.clear();
  }

  /** Another picture hangs. */
  hung() {
    this.reset();
    this.wanted = null;
    this.box.hidden = true;
    this.look("picture");
  }

  /** A run of an order begins; `source` is a Blob where the page has one. */
  begin({ order = null, source = null }) {
    this.reset();
    this.source = source;
    this.own(Object.fromEntries(order?.fields ?? []));
    this.hangSource(source);
    this.box.hidden = false;
    const shading = order?.kind === "shading";
    this.allow(shading);
    this.explained.forEach((input) => (input.parentElement.hidden = !shading));
    this.settled(false);
    this.look(this.wanted ?? "field", "field");
  }

  /** The job of the run is known. */
  follow(path, signal) {
    this.layers = new Layers(path, signal);
    this.refresh();
  }

  /** There is an explanation of this pass now. */
  passDone(index) {
    if (index <= this.done) return;
    const newest = this.pass === 0 || this.pass === this.done;
    this.done = index;
    if (newest) this.pass = index;
    if (newest && EXPLAINED.has(this.view)) this.refresh();
  }

  /** Another pass was chosen on the film strip. */
  choose(pass) {
    this.pass = pass;
    if (EXPLAINED.has(this.view)) this.refresh();
  }

  /** The run has ended as this job document says. */
  async ended(job) {
    this.job = job;
    if (job.spec) this.own(job.spec);
    this.done = Math.max(this.done, job.progress?.passes_done ?? 0);
    this.allow(Boolean(job.links?.explanation) && this.done > 0);
    this.settled(true);
    const mask = this.scope === "tiles" ? await this.field.lightMask() : null;
    if (this.job !== job) return; // there is another run by now
    if (mask) this.maskUrl = URL.createObjectURL(mask);
    this.look(this.wanted ?? "picture");
  }

  /** There will be no job to look at. */
  gone() {
    if (!this.wanted) this.look("picture");
    this.box.hidden = true;
  }

  // The field that the job itself computes, of a spec or the fields of a form.
  own({ scope = null, channel = null }) {
    this.scope = scope === "image" ? "image" : "tiles";
    this.check("eigenvector", channel ?? 1);
    this.check("spectrum", this.scope);
  }

  look(view, otherwise = "picture") {
    const input = byId("view").querySelector(`[value="${view}"]`);
    this.view = input.disabled ? otherwise : view;
    byId("view").querySelector(`[value="${this.view}"]`).checked = true;
    this.frame.dataset.view = this.view;
    byId("field-choices").hidden = this.view !== "field";
    byId("original-meta").hidden = this.view !== "picture";
    this.refresh();
  }

  // Whichever was asked for last is shown, whenever it comes.
  async refresh() {
    const turn = ++this.turn;
    const late = () => turn !== this.turn;
    try {
      if (this.view === "picture") this.clear();
      else if (this.view === "field") await this.showField(late);
      else await this.showLayer(late);
    } catch (error) {
      if (late() || error.name === "AbortError") return;
      this.clear();
      this.say(error.detail || error.message);
    }
    if (!late()) this.frame.removeAttribute("aria-busy");
  }

  async showField(late) {
    const channel = this.checked("eigenvector");
    const scope = this.checked("spectrum");
    const own = scope === this.scope;
    if (!this.job || !this.layers) {
      this.clear();
      return this.say(LIVE);
    }
    this.wait(own ? "Fetching the field." : "");
    const url = await (own ? this.layers : await this.others(scope)).field(channel);
    const of = scope === "image" ? "the whole picture" : "tiles";
    await this.hang(url, `Eigenvector ${channel} of ${of}, in viridis colours`, late, own ? this.maskUrl : "");
    if (late()) return;
    const seen = this.lastPass > 1 ? `As pass ${this.lastPass} saw it.` : "";
    this.say([seen, own && this.maskUrl ? LIVE : ""].filter(Boolean).join(" "));
  }

  /** The pass whose field the job ends with. */
  get lastPass() {
    const { passes_done: done = 0, passes_total: total = 0 } = this.job?.progress ?? {};
    return Math.min(done + 1, Math.max(1, total));
  }

  others(scope) {
    this.other ??= new OtherSpectrum({
      job: this.job,
      pass: this.lastPass - 1,
      scope,
      onTell: (text) => this.view === "field" && this.checked("spectrum") === scope && this.say(text),
    });
    return this.other.layers();
  }

  async showLayer(late) {
    const pass = Math.min(this.done, Math.max(1, this.pass));
    if (!this.layers || pass < 1) {
      this.clear();
      return this.say("There is nothing to see before the first pass is done.");
    }
    this.wait("");
    const { view } = this;
    const segments = view === "segments";
    const [url, explanation] = await Promise.all([
      this.layers.layer(pass, view),
      segments ? this.layers.explanation(pass) : null,
    ]);
    await this.hang(url, `${ALTS[view]}, pass ${pass}`, late);
    if (late()) return;
    this.hangBeneath(view === "gate" ? null : pass - 1);
    if (segments) this.matches.show(explanation);
    this.inset.hidden = !(segments && this.source && explanation.source);
    this.words = segments ? matchWords(pass, explanation) : WORDS[view](pass);
    this.say(this.words);
  }

  // Decoded before it is shown, so that one follows the other without a gap.
  async hang(url, alt, late, mask = "") {
    const image = new Image();
    image.src = url;
    await image.decode().catch(() => {}); // too large to be decoded ahead: it comes as it can
    if (late()) return;
    this.matches.clear();
    this.inset.hidden = this.beneath.hidden = true;
    Object.assign(this.layer, { src: url, alt, hidden: false });
    this.layer.style.maskImage = mask && `url("${mask}")`;
    this.frame.classList.add("layered");
  }

  // The picture that the pass began with, pale.
  hangBeneath(pass) {
    const url = this.strip?.places[pass]?.url;
    if (url) this.beneath.src = url;
    this.beneath.hidden = !url;
  }

  clear() {
    this.layer.hidden = this.beneath.hidden = this.inset.hidden = true;
    this.layer.removeAttribute("src");
    this.frame.classList.remove("layered");
    this.matches.clear();
    this.say("");
  }

  hangSource(source) {
    const image = this.inset.querySelector("img");
    URL.revokeObjectURL(image.src);
    if (source) image.src = URL.createObjectURL(source);
    else image.removeAttribute("src");
  }

  wait(text) {
    this.frame.setAttribute("aria-busy", "true");
    if (text) this.say(text);
  }

  say(text) {
    if (this.legend.textContent !== text) this.legend.textContent = text;
  }

  // A match is pointed at: its label is read aloud where it has the focus.
  point(text) {
    this.say(text || this.words);
  }

  /** Whether the eigenvectors can be chosen: while the job runs, only its own is there. */
  settled(over) {
    for (const id of ["eigenvector", "spectrum"]) byId(id).disabled = !over;
  }

  // Whether it can be seen how passes came about.
  allow(possible) {
    this.explained.forEach((input) => (input.disabled = !possible));
  }

  checked(id) {
    return byId(id).querySelector(":checked").value;
  }

  check(id, value) {
    byId(id).querySelector(`[value="${value}"]`).checked = true;
  }
}

function matchWords(pass, { segments, matches }) {
  const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;
  const found = `Pass ${pass}: ${counted(segments.length, "segment", "segments")}, ${
    counted(matches.length, "match", "matches")}.`;
  return matches.length ? `${found} Point at a line, or step through with the arrow keys.` : found;
}
