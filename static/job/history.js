// What the service keeps of earlier jobs: look at them, open one again, remove one.

import { deleteJob, ENDED, listJobs, readImage, Refusal } from "./api.js";
import { addressOf, pageOf } from "./pages.js";
import { summary, whenLine } from "./words.js";

const THUMB = 240; // pixels of the longer side
const PAUSE_MS = 300; // what has just ended is kept a moment later
const LOOK_MS = 3000; // while a job runs

export class History {
  /** `onOpen(job)` when a job is to be shown again. */
  constructor(section, { onOpen }) {
    Object.assign(this, { section, onOpen, timer: 0, shown: new Map() });
    this.list = section.querySelector("ol");
    this.note = section.querySelector(".meta");
    this.pictures = new IntersectionObserver((seen) => this.see(seen), { rootMargin: "200px" });
    // Whoever never scrolls down is not charged for it.
    const near = new IntersectionObserver(([{ isIntersecting }]) => {
      this.near = isIntersecting;
      if (isIntersecting) this.refresh();
    }, { rootMargin: "100px" });
    near.observe(section);
    // A fragment of the address would take the place of the job there.
    document.querySelector(`a[href="#${section.id}"]`).addEventListener("click", (event) => {
      event.preventDefault();
      section.scrollIntoView();
      this.list.focus({ preventScroll: true });
    });
  }

  /** Something has changed: read the list again, soon, if it is to be seen. */
  refresh() {
    clearTimeout(this.timer);
    if (this.near) this.timer = setTimeout(() => this.read(), PAUSE_MS);
  }

  async read() {
    clearTimeout(this.timer);
    try {
      const jobs = await listJobs();
      this.fill(jobs);
      const moving = jobs.some(({ state }) => !ENDED.has(state));
      if (moving && this.near) this.timer = setTimeout(() => this.read(), LOOK_MS);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.note.textContent = error.status === 401 ? "It is shown once there is a key." : error.detail || error.title;
    }
  }

  // What is the same stays as it is, and keeps its picture and the focus.
  fill(jobs) {
    const items = jobs.map((job) => {
      const kept = this.shown.get(job.id);
      const same = kept && kept.job.state === job.state;
      return [job.id, same ? kept : { job, item: this.item(job) }];
    });
    this.shown = new Map(items);
    this.list.replaceChildren(...items.map(([, { item }]) => item));
    this.note.textContent = jobs.length
      ? "What the service still keeps of your jobs, the newest first."
      : "Nothing is kept yet.";
    for (const [, { job, item }] of items) item.querySelector("time").textContent = whenLine(job.created);
  }

  item(job) {
    const item = document.createElement("li");
    const open = this.opener(job);
    const image = element("img");
    const text = element("span", "what", summary(job));
    const badge = element("span", "badge", job.state);
    const time = element("time");
    const remove = element("button", "link", "Remove");
    Object.assign(remove, { type: "button" });
    Object.assign(image, { alt: "", hidden: true });
    time.dateTime = job.created;
    badge.dataset.state = job.state;
    remove.setAttribute("aria-label", `Remove ${summary(job)}`);
    open.append(image, text);
    const foot = element("p", "meta");
    foot.append(time, remove);
    item.append(open, badge, foot);
    Object.assign(item.dataset, { job: job.id, kind: job.kind });
    remove.addEventListener("click", () => this.remove(job, item));
    if (job.links.image) this.pictures.observe(item);
    return item;
  }

  // A button for what this page shows, a link to what another one does.
  opener(job) {
    const address = addressOf(job);
    if (address && pageOf(job.kind) !== location.pathname) return Object.assign(element("a", "open"), { href: address });
    const open = Object.assign(element("button", "open"), { type: "button", disabled: !address });
    open.addEventListener("click", () => this.onOpen(job));
    return open;
  }

  see(seen) {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      this.pictures.unobserve(target);
      const { job } = this.shown.get(target.dataset.job) ?? {};
      if (job) this.picture(job, target.querySelector("img"));
    }
  }

  async picture(job, image) {
    const ended = cameToSomething(job);
    if (!ended && job.links.result) return; // an answer that is data has no picture before its end
    const what = { pass: ended ? null : 0, maxSide: THUMB, type: "image/webp" };
    const blob = await readImage(job.links.self, what).catch(() => null);
    if (!blob) return; // it ended without one, or is gone
    image.onload = () => URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(blob);
    image.hidden = false;
  }

  async remove(job, item) {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    try {
      await deleteJob(job.links.self);
    } catch (error) {
      this.note.textContent = error.detail || error.title;
      return;
    }
    (next?.querySelector("button.link") ?? this.list).focus();
    this.shown.delete(job.id);
    item.remove();
    this.refresh();
  }
}

const cameToSomething = ({ state }) => state === "complete" || state === "partial";

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  Object.assign(made, { className, textContent: text });
  return made;
}
