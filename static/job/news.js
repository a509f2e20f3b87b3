// The line that says how things stand, and the counts below it.

import { endLine, measure, statusLine } from "./words.js";

export class News {
  constructor(status, counts) {
    Object.assign(this, { status, counts, state: "idle", kind: "shading", progress: {}, connected: true });
  }

  /** A run of this kind begins; `aim` is the bound at which its field is good enough. */
  begin({ kind, passes, aim }) {
    Object.assign(this, { kind, aim, bound: null });
    this.progress = { passes_done: 0, passes_total: passes };
    this.connected = true;
    this.count("");
  }

  /** The state, in usual words unless others are given. */
  setState(state, line = null) {
    this.state = this.status.dataset.state = state;
    this.say(line ?? this.usual());
  }

  setProgress(progress) {
    Object.assign(this.progress, progress);
    this.count(measure(this.progress, this.bound, this.aim));
    this.say(this.usual());
  }

  /** New certificates: of a whole image there is one tile, whose bound says how far things are. */
  setCertificates(certificates) {
    if (certificates.length) this.bound = certificates.at(-1).angle_bound;
    this.count(measure(this.progress, this.bound, this.aim));
  }

  /** The run is over; `seconds` is what it took, null where nobody looked on. */
  end(job, seconds) {
    Object.assign(this.progress, job.progress);
    this.bound = job.quality?.angle_bound_max ?? this.bound;
    this.setState(job.state, endLine(this.kind, job));
    const reached = measure(this.progress, this.bound);
    const took = seconds === null ? "" : `${seconds.toFixed(1)} s`;
    this.count([reached, took].filter(Boolean).join(", "));
  }

  setConnected(connected) {
    if (connected === this.connected) return;
    this.connected = connected;
    this.say(this.usual());
  }

  count(text) {
    this.counts.textContent = text;
  }

  usual() {
    return statusLine(this.kind, this.state, this.progress, this.connected);
  }

  // A live region is read aloud whenever it is written to, so only what is new is written.
  say(line) {
    if (this.status.textContent !== line) this.status.textContent = line;
  }
}
