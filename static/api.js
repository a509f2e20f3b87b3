// The HTTP calls of the page. Every refusal becomes a Refusal, whatever the server said.

import { keyHeaders } from "./keys.js";

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
 * Start a job at `/shade` or `/field` and return its path, `/jobs/{id}`.
 * XMLHttpRequest, because fetch does not tell how far an upload has come.
 */
export function submit(file, { endpoint, fields }, { onUpload, signal }) {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  form.append("target", file, file.name);

  const { promise, resolve, reject } = settled();
  const call = new XMLHttpRequest();
  call.open("POST", endpoint);
  const headers = { Prefer: "respond-async", Accept: "application/json", ...keyHeaders() };
  for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
  call.upload.onprogress = (event) => event.lengthComputable && onUpload(event.loaded / event.total);
  call.onerror = () => reject(unreachable());
  call.onabort = () => reject(signal.reason);
  call.onload = () => {
    const place = call.getResponseHeader("Location");
    if (call.status === 202 && place) resolve(new URL(place, location.href).pathname);
    else reject(refusal(call.status, call.responseText, call.getResponseHeader("Retry-After")));
  };
  signal.addEventListener("abort", () => call.abort(), { once: true });
  call.send(form);
  return promise;
}

/** The job document. */
export async function readJob(path, signal) {
  return (await ask(path, { signal, headers: { Accept: "application/json" } })).json();
}

/** The result as a PNG, or the picture after one pass (0 is the input). */
export async function readImage(path, { pass = null, signal } = {}) {
  const query = pass === null ? "" : `?pass=${pass}`;
  return (await ask(`${path}/image${query}`, { signal, headers: { Accept: "image/png" } })).blob();
}

/** A line drawing as SVG. */
export async function readSvg(path, signal) {
  return (await ask(`${path}/field`, { signal, headers: { Accept: "image/svg+xml" } })).blob();
}

/** What stands for the key in the address of a socket, once. */
export async function readTicket(signal) {
  return (await (await ask("/tickets", { method: "POST", signal })).json()).ticket;
}

/** Cancel a running job. */
export async function cancelJob(path) {
  await ask(path, { method: "DELETE" });
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...keyHeaders(), ...options.headers } });
  } catch (error) {
    throw options.signal?.aborted ? error : unreachable();
  }
  if (answer.ok) return answer;
  throw refusal(answer.status, await answer.text(), answer.headers.get("Retry-After"));
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
