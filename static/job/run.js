// One run, from the upload to the result.

import { deleteJob, ENDED, readImage, Refusal } from "./api.js";
import { follow } from "./events.js";

/**
 * A job from one of `origins`.
 *
 * Tells its listener what happens: `state(name)`, `upload(share)`, `accepted(path)`,
 * `progress({tiles_done, ...})` (with `pass` 0 while the source is looked at), `tiles(certificates)`,
 * `missed()`, `pass(index)`, `preview(header, bitmap)`, `contact(boolean)`, `trouble(error)`, and at
 * the end one of `ended(job, picture)` and `refused(error)`.
 */
export class Run {
  constructor(origin, listener) {
    Object.assign(this, { origin, listener, path: null, cancelled: false, over: false });
    this.stop = new AbortController();
    this.decoding = Promise.resolve();
  }

  get signal() {
    return this.stop.signal;
  }

  async start() {
    const { listener, signal } = this;
    try {
      listener.state(this.origin.state);
      this.path = await this.origin.start({
        signal,
        onUpload: (share) => listener.upload(share),
        onContact: (there) => listener.contact(there),
      });
      await listener.accepted(this.path);
      listener.state("queued");
      const job = await this.follow();
      this.over = true;
      const result = hasResult(job) ? await this.result() : null;
      await this.decoding;
      listener.ended(job, result);
    } catch (error) {
      this.over = true;
      if (this.cancelled && isGone(error, signal)) listener.ended({ state: "cancelled" }, null);
      else if (!signal.aborted) listener.refused(error);
    }
  }

  /** What the job has come to: a picture. */
  result() {
    return readImage(this.path, { signal: this.signal });
  }

  /** Stop: the upload at once, a job by asking the server, which then ends it. */
  async cancel() {
    this.cancelled = true;
    if (!this.path) {
      this.stop.abort(new Error("cancelled"));
      return this.free();
    }
    try {
      await deleteJob(this.path);
    } catch (error) {
      this.listener.trouble(error); // the job goes on, and so does this run
    }
  }

  /** Tell the listener nothing more, and free the server of a job that nobody waits for. */
  abandon() {
    if (this.origin.ours && !this.over) this.free();
    this.stop.abort(new Error("abandoned"));
  }

  // An upload that was cut off may have become a job all the same.
  free() {
    const path = this.path ?? this.origin.path;
    if (path) deleteJob(path).catch(() => {});
  }

  follow() {
    return follow(this.path, {
      signal: this.signal,
      onEvent: (event) => this.hear(event),
      onFrame: (frame) => this.see(frame),
      onJob: (job) => this.read(job),
      onContact: (there) => this.listener.contact(there),
    });
  }

  hear({ type, data }) {
    const { listener } = this;
    if (type === "snapshot") listener.missed();
    if (type === "started") listener.state("running");
    if (type === "tiles") {
      listener.state("running");
      const { pass, done, total, certificates } = data;
      listener.progress({ pass, tiles_done: done, tiles_total: total, ...(pass === 0 && { sources: 1 }) });
      if (pass > 0) listener.tiles(certificates); // those of the source are no part of this picture
    }
    if (type === "pass") {
      listener.progress({ passes_done: data.index, passes_total: data.of });
      // Behind the previews that came before it.
      this.decoding = this.decoding.then(() => this.signal.aborted || listener.pass(data.index));
    }
  }

  // Decoded one after the other, so that they are shown in the order in which they were sent.
  see({ header, picture }) {
    this.decoding = this.decoding.then(async () => {
      const bitmap = await createImageBitmap(picture);
      if (!this.signal.aborted) this.listener.preview(header, bitmap);
      bitmap.close();
    }).catch((error) => console.warn("a preview could not be shown", error));
  }

  read(job) {
    if (this.over) return; // asked for earlier, answered later
    if (!ENDED.has(job.state)) this.listener.state(job.state);
    if (!job.progress) return;
    this.listener.progress(job.progress);
    // Passes that were over before anyone listened.
    for (let index = 1; index <= job.progress.passes_done; index++) this.listener.pass(index);
  }
}

function hasResult({ state }) {
  return state === "complete" || state === "partial";
}

function isGone(error, signal) {
  return signal.aborted || (error instanceof Refusal && (error.status === 404 || error.status === 410));
}
