// How a graph job stands, in words.

import { News } from "../job/news.js";

const SEEN = { "graph.expand": "every ball is known", "graph.fiedler": "the Fiedler vectors are known" };
const PARTIAL = {
  "graph.expand": (done, total) => `Partial: ${total ? `${done} of ${total}` : "none of the"} balls when the time was up.`,
  "graph.fiedler": () => "Partial: the vectors as far as they were known when the time was up.",
};
const MORE = " Resume goes on from here.";

export class GraphNews extends News {
  setProgress(progress) {
    Object.assign(this.progress, progress);
    const { tiles_done: done, tiles_total: total } = this.progress;
    if (total > 1) this.count(`${done} of ${total}`);
    this.say(this.usual());
  }

  end(job, seconds) {
    const { tiles_done: done, tiles_total: total } = job.progress ?? {};
    const why = job.status_reason ? ` ${job.status_reason}.` : "";
    const lines = {
      complete: `Complete: ${SEEN[this.kind]}.`,
      partial: PARTIAL[this.kind](done, total) + (job.links?.resume ? MORE : ""),
      cancelled: `Cancelled.${why}`,
      failed: `Failed.${why}`,
    };
    this.setState(job.state, lines[job.state]);
    this.count(seconds === null ? "" : `${seconds.toFixed(1)} s`);
  }
}
