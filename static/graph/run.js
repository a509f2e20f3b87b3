// A run of a graph job: patches while it goes on, arrays at its end.

import { readResult } from "../job/api.js";
import { Run } from "../job/run.js";
import { readNpz } from "./npz.js";

const CONFLICT = 409;

/** As `Run`; also tells `patch({idx, lambda2})`, and ends with the arrays instead of a picture. */
export class GraphRun extends Run {
  async result() {
    try {
      const file = await readResult(this.path, "application/x-npz", this.signal);
      return await readNpz(await file.arrayBuffer());
    } catch (error) {
      if (error.status === CONFLICT) return null; // its time was up before there was an answer
      throw error;
    }
  }

  hear(event) {
    super.hear(event);
    if (event.type === "patch") this.listener.patch(event.data);
  }
}
