// Follows a job to its end: WebSocket, reconnect with back-off, and the job document in between.

import { ENDED, readJob, readTicket, Refusal, unreachable } from "./api.js";
import { parseFrame } from "./frames.js";
import { hasKey } from "./keys.js";

const SILENCE_MS = 5000; // a socket quiet for longer may be dead: ask, and connect anew
const PATIENCE_MS = 60000; // without a sign of the server, give up
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2000;
const FINAL = new Set([401, 403, 404, 410]); // asking again would not help

/**
 * Resolve with the job document once the job has ended, however often the connection is lost.
 *
 * `onEvent(event)` gets each text event, `onFrame({header, picture})` each preview,
 * `onJob(document)` the document whenever it was asked for, `onContact(boolean)` losses and returns.
 * Throws a Refusal when the job is gone or the key not enough, or the server stays away for a minute.
 */
export async function follow(path, { onEvent, onFrame, onJob, onContact, signal }) {
  let pause = FIRST_PAUSE_MS;
  let lastSign = performance.now();
  const sign = () => {
    lastSign = performance.now();
    pause = FIRST_PAUSE_MS;
    onContact(true);
  };

  for (;;) {
    await listen(path, {
      signal,
      onEvent: (event) => {
        sign();
        // A snapshot means that something was missed: the document has the whole of it.
        if (event.type === "snapshot") readJob(path, signal).then(onJob, () => {});
        onEvent(event);
      },
      onFrame,
    });
    signal.throwIfAborted();
    const job = await tryReadJob(path, signal);
    if (job) {
      onJob(job);
      if (ENDED.has(job.state)) return job;
      lastSign = performance.now();
    } else {
      onContact(false);
    }
    if (performance.now() - lastSign > PATIENCE_MS) throw unreachable();
    await wait(pause, signal);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

// Resolves when the socket has closed, for whatever reason.
async function listen(path, { onEvent, onFrame, signal }) {
  const url = new URL(`${path}/events`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  try {
    if (hasKey()) url.searchParams.set("ticket", await readTicket(signal));
  } catch {
    return; // asking for the job tells why
  }
  await new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";

    const close = () => {
      clearTimeout(quiet);
      signal.removeEventListener("abort", close);
      socket.onmessage = socket.onclose = null;
      socket.close();
      resolve();
    };
    let quiet = setTimeout(close, SILENCE_MS);
    signal.addEventListener("abort", close);
    socket.onclose = close;
    socket.onmessage = ({ data }) => {
      clearTimeout(quiet);
      quiet = setTimeout(close, SILENCE_MS);
      if (data instanceof ArrayBuffer) return onFrame(parseFrame(data));
      const event = JSON.parse(data);
      onEvent(event);
      if (ENDED.has(event.type)) close();
    };
  });
}

async function tryReadJob(path, signal) {
  try {
    return await readJob(path, signal);
  } catch (error) {
    if (error instanceof Refusal && FINAL.has(error.status)) throw error;
    signal.throwIfAborted();
    return null;
  }
}

function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
