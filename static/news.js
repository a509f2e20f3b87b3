// The line that says how things stand, and the counts below it.

import { statusLine, tileCount } from "./words.js";

export class News {
  constructor(status, counts) {
    Object.assign(this, { status, counts, state: "idle", progress: {}, connected: true });
  }

  /** A run of so many passes begins. */
  begin(passes) {
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
    this.count(tileCount(this.progress));
    this.say(this.usual());
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
    return statusLine(this.state, this.progress, this.connected);
  }

  // A live region is read aloud whenever it is written to, so only what is new is written.
  say(line) {
    if (this.status.textContent !== line) this.status.textContent = line;
  }
}
