// The field that the job did not compute: of the whole picture beside that of tiles, or the reverse.

import { readImage } from "../job/api.js";
import { placed } from "../job/origins.js";
import { Run } from "../job/run.js";
import { Layers } from "./layers.js";

// What makes the two comparable; everything else belongs to one of them alone.
const SHARED = ["radii", "radius_weights", "edge_threshold", "max_side"];

export class OtherSpectrum {
  /** Of the picture after a pass (0: the input) of this job, computed when first asked for. */
  constructor({ job, pass, scope, onTell }) {
    Object.assign(this, { path: job.links.self, pass, scope, onTell, run: null, computed: null });
    const given = SHARED.filter((name) => (job.spec[name] ?? null) !== null);
    this.fields = [["scope", scope], ...given.map((name) => [name, String(job.spec[name])])];
  }

  /** Its layers, once the field is there. */
  layers() {
    this.computed ??= this.compute();
    this.computed.catch(() => (this.computed = null));
    return this.computed;
  }

  async compute() {
    const stop = new AbortController();
    this.stop = stop;
    this.onTell("Sending the picture.");
    const picture = await readImage(this.path, { pass: this.pass, signal: stop.signal });
    const target = new File([picture], "picture.png", { type: picture.type });
    return new Promise((resolve, reject) => {
      const origin = placed({ target }, { endpoint: "/field", fields: this.fields });
      this.run = new Run(origin, this.listener(resolve, reject));
      stop.signal.addEventListener("abort", () => reject(stop.signal.reason));
      this.run.start();
    });
  }

  listener(resolve, reject) {
    const nothing = () => {};
    return {
      state: (state) => state === "queued" && this.onTell("Waiting for its turn."),
      upload: nothing, accepted: nothing, missed: nothing, pass: nothing, preview: nothing,
      contact: nothing, trouble: nothing,
      progress: ({ tiles_done: done, tiles_total: total }) => total > 1 && this.onTell(`${done} of ${total} tiles.`),
      tiles: (certificates) => {
        const bound = certificates.at(-1)?.angle_bound;
        if (this.scope === "image" && bound) this.onTell(`The whole picture, bound ${bound.toPrecision(2)}.`);
      },
      ended: (job) => {
        if (job.state === "complete" || job.state === "partial") resolve(new Layers(this.run.path, this.stop.signal));
        else reject(new Error(`The computation has ${job.state === "failed" ? "failed" : "been cancelled"}.`));
      },
      refused: reject,
    };
  }

  /** Nobody looks any more. */
  drop() {
    this.run?.abandon();
    this.stop?.abort(new Error("abandoned"));
    this.computed?.then((layers) => layers.drop(), () => {});
  }
}
