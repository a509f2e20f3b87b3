// What a job has to show besides its pictures: eigenvectors, gates, contours, segments, matches.

import { ask, Refusal } from "../job/api.js";

const TRIES = 20; // where the server says "not yet", or is away for a moment
const PAUSE_S = 1; // where it does not say for how long

/** The same order, so that the job keeps how its passes come about; its pictures are the same. */
export function explained({ kind, endpoint, fields }) {
  const asked = fields.some(([name]) => name === "explain");
  return { kind, endpoint, fields: kind === "shading" && !asked ? [...fields, ["explain", "true"]] : fields };
}

/** The layers of one job, each fetched once, when it is first looked at. */
export class Layers {
  /** `path` is that of the job; `signal` ends with the interest in it. */
  constructor(path, signal) {
    Object.assign(this, { path, signal, kept: new Map() });
  }

  /** URL of an eigenvector of the job's field as a picture, 1 is the Fiedler vector. */
  field(channel) {
    return this.picture(`${this.path}/field?channel=${channel}`);
  }

  /** URL of the `gate`, `contours` or `segments` of a pass. */
  layer(pass, name) {
    return this.picture(`${this.path}/explanation?pass=${pass}&layer=${name}`);
  }

  /** Segments and matches of a pass, as the API has them. */
  explanation(pass) {
    return this.once(`${this.path}/explanation?pass=${pass}`, "application/json", "json");
  }

  picture(address) {
    return this.once(address, "image/png", "blob", (picture) => URL.createObjectURL(picture));
  }

  once(address, type, as, made = (body) => body) {
    if (!this.kept.has(address)) {
      const coming = this.fetch(address, type, as).then(made);
      this.kept.set(address, coming);
      coming.catch(() => this.kept.delete(address)); // whoever asks again may be luckier
    }
    return this.kept.get(address);
  }

  async fetch(address, type, as) {
    for (let tries = 1; ; tries++) {
      try {
        return await ask(address, { signal: this.signal, headers: { Accept: type } }, as);
      } catch (error) {
        const later = error instanceof Refusal && (error.status === 0 || error.retryAfter !== null);
        if (!later || tries === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retryAfter || PAUSE_S)));
        this.signal.throwIfAborted();
      }
    }
  }

  /** Forget all of them. */
  drop() {
    for (const coming of this.kept.values()) {
      coming.then((what) => typeof what === "string" && URL.revokeObjectURL(what), () => {});
    }
    this.kept.clear();
  }
}
