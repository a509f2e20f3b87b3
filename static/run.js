// One run, from the upload to the result.

import { cancelJob, ENDED, readImage, Refusal, submit } from "./api.js";
import { follow } from "./events.js";

/**
 * A file and its order, `{endpoint, fields}`, as Params has it.
 *
 * Tells its listener what happens: `state(name)`, `upload(share)`, `accepted()`,
 * `progress({tiles_done, ...})` (with `pass` 0 while the source is looked at), `tiles(certificates)`, `missed()`, `pass(index)`,
 * `preview(header, bitmap)`, `contact(boolean)`, `trouble(error)`, and at the end one of
 * `ended(job, picture)` and `refused(error)`.
 */
export class Run {
  constructor(file, order, listener) {
    Object.assign(this, { file, order, listener, path: null, cancelled: false, over: false });
    this.stop = new AbortController();
    this.decoding = Promise.resolve();
  }

  get signal() {
    return this.stop.signal;
  }

  async start() {
    const { listener, signal } = this;
    try {
      listener.state("uploading");
      const onUpload = (share) => listener.upload(share);
      this.path = await submit(this.file, this.order, { signal, onUpload });
      listener.accepted();
      listener.state("queued");
      const job = await this.follow();
      this.over = true;
      const picture = hasPicture(job) ? await readImage(this.path, { signal }) : null;
      await this.decoding;
      listener.ended(job, picture);
    } catch (error) {
      if (this.cancelled && isGone(error, signal)) listener.ended({ state: "cancelled" }, null);
      else if (!signal.aborted) listener.refused(error);
    }
    this.over = true;
  }

  /** Stop: the upload at once, a job by asking the server, which then ends it. */
  async cancel() {
    this.cancelled = true;
    if (!this.path) return this.stop.abort(new Error("cancelled"));
    try {
      await cancelJob(this.path);
    } catch (error) {
      this.listener.trouble(error); // the job goes on, and so does this run
    }
  }

  /** Tell the listener nothing more, and free the server of a job that nobody waits for. */
  abandon() {
    if (this.path && !this.over) cancelJob(this.path).catch(() => {});
    this.stop.abort(new Error("abandoned"));
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

function hasPicture({ state }) {
  return state === "complete" || state === "partial";
}

function isGone(error, signal) {
  return signal.aborted || (error instanceof Refusal && (error.status === 404 || error.status === 410));
}
