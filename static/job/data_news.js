// How a job whose answer is data stands, in words.

import { News } from "./news.js";
import { sentence } from "./words.js";

const MORE = " Resume goes on from here.";

export class DataNews extends News {
  /** `words` has for each kind `seen`, at its end, and `partial(done, total)`. */
  constructor(status, counts, words) {
    super(status, counts);
    this.words = words;
  }

  setProgress(progress) {
    Object.assign(this.progress, progress);
    const { tiles_done: done, tiles_total: total } = this.progress;
    if (total > 1) this.count(`${done} of ${total}`);
    this.say(this.usual());
  }

  end(job, seconds) {
    const { tiles_done: done, tiles_total: total } = job.progress ?? {};
    const { seen, partial } = this.words[this.kind];
    const why = job.status_reason ? ` ${sentence(job.status_reason)}` : "";
    const lines = {
      complete: `Complete: ${seen}.`,
      partial: `Partial: ${partial(done, total)} when the time was up.` + (job.links?.resume ? MORE : ""),
      cancelled: `Cancelled.${why}`,
      failed: `Failed.${why}`,
    };
    this.setState(job.state, lines[job.state]);
    this.count(seconds === null ? "" : `${seconds.toFixed(1)} s`);
  }
}
