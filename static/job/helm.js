// The helm of a page: what starts, stops and goes on, how long there is, and what goes wrong.

import { jobInAddress, putJobInAddress } from "./address.js";
import { Refusal } from "./api.js";
import { Countdown } from "./countdown.js";
import { Downloads } from "./downloads.js";
import { History } from "./history.js";
import { KeyForm } from "./keys.js";
import { resumed } from "./origins.js";
import { ProblemNote } from "./problem.js";

const byId = (id) => document.getElementById(id);
const GONE = new Set([404, 410]);

export class Helm {
  /**
   * `page` has `start()`, `resume(job)` and `open(path)`, which come to a `run`; `isReady()`, whether
   * there is something to start with; `keyed()`, there is a key; `complain(errors)`, which shows what
   * it can at its fields and returns the rest; `left()` and `refused()`, nothing hangs there any more.
   */
  constructor(page, news, formats) {
    Object.assign(this, { page, news, current: null, job: null, busy: false, again: page.start });
    this.countdown = new Countdown(byId("countdown"));
    this.problem = new ProblemNote(byId("problem"));
    this.downloads = new Downloads(byId("downloads"), (error) => this.problem.show(error), formats);
    this.history = new History(byId("history"), { onOpen: (job) => page.open(job.links.self) });
    this.keyForm = new KeyForm(byId("key-form"), () => {
      page.keyed();
      this.history.refresh();
      if (!this.busy) this.again();
    });
    byId("form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!byId("run").disabled) page.start();
    });
    byId("cancel").addEventListener("click", () => this.busy && this.current.cancel());
    byId("resume").addEventListener("click", () => this.job && !this.busy && this.resume());
    addEventListener("hashchange", () => jobInAddress() && page.open(jobInAddress()));
  }

  /** A run of this `Kind` begins; `own` is what the page does with its news, beside the usual. */
  run(Kind, origin, deadline, own) {
    this.current = new Kind(origin, { ...this.listener(), ...own,
      accepted: (path) => this.accepted(path, deadline, own),
      ended: (job, result) => this.ended(job, result, own),
    });
    this.setBusy(true);
    this.current.start();
  }

  /** Go on from the partial job that is shown; what it came to hangs there meanwhile. */
  resume() {
    const { job } = this;
    this.problem.clear();
    this.again = () => this.resume();
    this.page.resume(job, (deadline) => resumed(job.links.self, deadline));
  }

  listener() {
    return {
      state: (state) => this.news.setState(state),
      upload: (share) => this.news.count(`${Math.round(100 * share)} %`),
      progress: (progress) => this.news.setProgress(progress),
      contact: (there) => this.news.setConnected(there),
      trouble: (error) => this.problem.show(error),
      refused: (error) => this.refused(error),
    };
  }

  async accepted(path, deadline, own) {
    this.job = null;
    putJobInAddress(path);
    this.news.count("");
    this.countdown.start(deadline);
    await own.accepted?.(path);
    this.history.refresh();
  }

  async ended(job, result, own) {
    const { origin, signal } = this.current;
    const seconds = origin.ours ? this.countdown.elapsed() : null;
    this.job = job;
    await own.ended(job, result);
    if (signal.aborted) return; // something else was chosen meanwhile
    this.settle();
    this.news.end(job, seconds);
    if (job.problem) this.problem.show(new Refusal(job.problem));
  }

  refused(error) {
    const path = this.current?.path;
    if (path) this.again = () => this.page.open(path); // the job is there, and may well go on
    if (!this.job) { // of a refused resume, what there was is still there
      this.leave();
      this.page.refused();
    }
    this.settle();
    this.problem.show(error, { errors: this.page.complain(error.errors ?? []), again: () => this.busy || this.again() });
    this.news.setState("failed", "Not done.");
    if (error.status === 401) this.keyForm.ask();
    if (!(error instanceof Refusal)) console.error(error);
  }

  /** A job cannot be shown; returns whether the service has it all the same. */
  unopened(error) {
    this.refused(error);
    if (!GONE.has(error.status)) return true;
    putJobInAddress(null);
    return false;
  }

  /** The run is over; some of its pictures may still be on their way. */
  settle() {
    this.countdown.hide();
    this.setBusy(false);
    this.history.refresh();
  }

  /** Forget the run, whether under way or over. */
  leave() {
    this.current?.abandon();
    Object.assign(this, { current: null, job: null });
    this.countdown.hide();
    this.setBusy(false);
    this.problem.clear();
    this.downloads.hide();
    this.news.count("");
    this.page.left();
  }

  setBusy(busy) {
    this.busy = busy;
    this.update();
    byId("cancel").hidden = !busy;
    byId("resume").hidden = busy || !this.job?.links?.resume;
    document.body.toggleAttribute("data-busy", busy);
  }

  /** Whether there is something to start with may have changed. */
  update() {
    byId("run").disabled = this.busy || !this.page.isReady();
  }
}
