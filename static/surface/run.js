// A run whose job may end without a picture.

import { Run } from "../job/run.js";

const CONFLICT = 409;

export class SurfaceRun extends Run {
  async result() {
    try {
      return await super.result();
    } catch (error) {
      if (error.status === CONFLICT) return null; // its time was up before there was anything to see
      throw error;
    }
  }
}
