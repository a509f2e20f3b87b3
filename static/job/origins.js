// Where a run's job comes from: a new order, what an earlier job left, or the service's own keeping.
// Each has `start({onUpload, onContact, signal})`, which resolves with the path of the job once
// the service has it, and says whether the job is
// `ours`, to be ended when nobody looks any more, and what the `state` is meanwhile.

import { placeJob, Refusal, resumeJob } from "./api.js";

const ID_BYTES = 16;
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 4000;
const TRIES = 20; // a minute of them: a service that restarts is back by then

/** A new job for these files, `{target, source?}`; sent again when the connection is lost. */
export function placed(files, order) {
  const path = `/jobs/${newId()}`;
  return {
    path,
    ours: true,
    state: "uploading",
    async start({ onContact, ...rest }) {
      await insist(() => placeJob(path, files, order, rest), { onContact, signal: rest.signal });
      return path;
    },
  };
}

/** The rest of a partial job, as a new job. */
export function resumed(path, deadline) {
  return { path: null, ours: true, state: "queued", start: ({ signal }) => resumeJob(path, deadline, signal) };
}

/** A job that the service has already. */
export function found(path) {
  return { path, ours: false, state: "queued", start: async () => path };
}

// Call again while the service cannot be reached; any answer of it is final.
async function insist(call, { onContact, signal }) {
  let pause = FIRST_PAUSE_MS;
  for (let tries = 1; ; tries++) {
    try {
      await call();
      return onContact(true);
    } catch (error) {
      const lost = error instanceof Refusal && error.status === 0;
      if (!lost || tries === TRIES) throw error;
    }
    onContact(false);
    await new Promise((resolve) => setTimeout(resolve, pause));
    signal.throwIfAborted();
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

// 128 random bits; crypto.randomUUID is for secure contexts alone.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
