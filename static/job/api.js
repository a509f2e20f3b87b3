// The HTTP calls of the page. Every refusal becomes a Refusal, whatever the server said.

import { keyHeaders } from "./keys.js";

const AT_ONCE = { Prefer: "respond-async" }; // what becomes of a job is followed, not waited for

export const ENDED = new Set(["complete", "partial", "failed", "cancelled"]);

/** An answer that is not what was asked for: problem+json, or as much of one as could be made out. */
export class Refusal extends Error {
  constructor(problem, retryAfter = null) {
    super(problem.detail || problem.title);
    this.status = problem.status ?? 0;
    this.title = problem.title || "The request was refused";
    this.detail = problem.detail || "";
    this.errors = Array.isArray(problem.errors) ? problem.errors : [];
    this.retryAfter = retryAfter; // seconds
  }
}

export const unreachable = () =>
  new Refusal({
    title: "The server cannot be reached",
    detail: "Check that it is still running and that you are connected, then run again.",
  });

/**
 * Send the files and the order as the job at `path`, `/jobs/{id}`; to send it twice does no harm.
 * XMLHttpRequest, because fetch does not tell how far an upload has come.
 */
export function placeJob(path, files, { endpoint, fields }, { onUpload, signal }) {
  const form = new FormData();
  form.append("kind", endpoint.slice(1));
  for (const [name, value] of fields) form.append(name, value);
  for (const [part, file] of Object.entries(files)) form.append(part, file, file.name);

  const { promise, resolve, reject } = settled();
  const call = new XMLHttpRequest();
  call.open("PUT", path);
  const headers = { ...AT_ONCE, Accept: "application/json", ...keyHeaders() };
  for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
  call.upload.onprogress = (event) => event.lengthComputable && onUpload(event.loaded / event.total);
  call.onerror = () => reject(unreachable());
  call.onabort = () => reject(signal.reason);
  call.onload = () => {
    if (call.status < 300) resolve();
    else reject(refusal(call.status, call.responseText, call.getResponseHeader("Retry-After")));
  };
  signal.addEventListener("abort", () => call.abort(), { once: true });
  call.send(form);
  return promise;
}

/** Go on from a partial job as a new one; returns the path of that. */
export async function resumeJob(path, deadline, signal) {
  const answer = await ask(`${path}/resume`, {
    method: "POST",
    headers: { ...AT_ONCE, "Content-Type": "application/json" },
    body: JSON.stringify({ deadline_s: deadline }),
    signal,
  });
  return answer.links.self;
}

/** The newest jobs, as documents. */
export async function listJobs(signal) {
  return (await ask("/jobs", { signal })).jobs;
}

/** The job document. */
export async function readJob(path, signal) {
  return ask(path, { signal, headers: { Accept: "application/json" } });
}

/**
 * The result, or the picture after one pass (0 is the input), in a format of one's choice, and
 * shrunk to `maxSide` pixels where that is given.
 */
export async function readImage(path, { pass = null, part = null, maxSide = null, type = "image/png", signal } = {}) {
  const query = new URLSearchParams();
  if (pass !== null) query.set("pass", pass);
  if (part !== null) query.set("part", part);
  if (maxSide !== null) query.set("max_side", maxSide);
  const address = query.size ? `${path}/image?${query}` : `${path}/image`;
  return ask(address, { signal, headers: { Accept: type } }, "blob");
}

/** The field as a picture, as arrays, or a line drawing as SVG. */
export async function readField(path, type, signal) {
  return ask(`${path}/field`, { signal, headers: { Accept: type } }, "blob");
}

/** The answer of a job whose answer is data, as `application/json` or `application/x-npz`. */
export async function readResult(path, type, signal) {
  return ask(`${path}/result`, { signal, headers: { Accept: type } }, "blob");
}

/** The graph that a job works on, as npz. */
export async function readGraphOf(path) {
  return ask(`${path}/graph`, { headers: { Accept: "application/x-npz" } }, "blob");
}

/** What stands for the key in the address of a socket, once. */
export async function readTicket(signal) {
  return (await ask("/tickets", { method: "POST", signal })).ticket;
}

/** Cancel a job that runs, remove one that has ended. */
export async function deleteJob(path) {
  await ask(path, { method: "DELETE" }, "text");
}

/**
 * Any other answer of the service, read as `json`, `blob` or `text`; a Refusal where it is not one,
 * and where it breaks off.
 */
export async function ask(path, options, as = "json") {
  let answer, body;
  try {
    answer = await fetch(path, { ...options, headers: { ...keyHeaders(), ...options.headers } });
    body = await (answer.ok ? answer[as]() : answer.text());
  } catch (error) {
    throw options.signal?.aborted || error instanceof SyntaxError ? error : unreachable();
  }
  if (answer.ok) return body;
  throw refusal(answer.status, body, answer.headers.get("Retry-After"));
}

function refusal(status, body, retryAfter) {
  let problem = {};
  try {
    problem = JSON.parse(body);
  } catch {
    // A proxy's page, or nothing at all: the status has to do.
  }
  const title = `The server answered ${status}`;
  return new Refusal({ title, ...problem, status }, seconds(retryAfter));
}

// Retry-After is either seconds or a date.
function seconds(header) {
  if (!header) return null;
  const value = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(value) ? Math.max(0, Math.ceil(value)) : null;
}

// Promise.withResolvers, which browsers older than 2024 lack.
function settled() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
