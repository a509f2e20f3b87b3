// What the page says about a run, in words. Nothing here touches the page.

const STATES = {
  idle: "Ready.",
  uploading: "Uploading.",
  queued: "Waiting for its turn.",
  running: "Running.",
};

/** The one line for screen reader and eye; it changes with state and pass, not with every tile. */
export function statusLine(state, { passes_done: done = 0, passes_total: total = 0 } = {}, connected = true) {
  if (!connected) return "Connection lost. Trying to get it back; the job goes on meanwhile.";
  if (state !== "running" || !total) return STATES[state] ?? state;
  return done < total ? `Running: pass ${done + 1} of ${total}.` : "Running: last touches.";
}

/** The same for a run that has ended. */
export function endLine({ state, progress = {}, status_reason: reason }) {
  const { passes_done: done = 0, passes_total: total = 0 } = progress;
  const why = reason ? ` ${sentence(reason)}` : "";
  if (state === "complete") return `Complete: ${done} of ${plural(total, "pass", "passes")}.`;
  if (state === "cancelled") return `Cancelled.${why}`;
  if (state === "failed") return `Failed.${why}`;
  const reached = done
    ? `Partial: ${done} of ${plural(total, "pass", "passes")} done when the time was up.`
    : "Partial: the time was up before the first pass was done. What had no field yet is unchanged.";
  return reached + (why || " A longer deadline, fewer passes or a smaller picture gets further.");
}

/** Counts of tiles, for the eye only. */
export function tileCount({ tiles_done: done, tiles_total: total } = {}) {
  return total ? `${done} of ${plural(total, "tile", "tiles")}` : "";
}

/** Where the time went and how good the field is, from the job document. */
export function resultFacts({ timings = {}, quality = {}, device, skipped = [] }) {
  const times = [["field", timings.field_s], ["shading", timings.shade_s], ["encoding", timings.encode_s]]
    .filter(([, seconds]) => Number.isFinite(seconds))
    .map(([name, seconds]) => `${name} ${seconds.toFixed(2)} s`);
  const angle = Number.isFinite(quality.angle_bound_median)
    ? [`median angle bound ${quality.angle_bound_median.toPrecision(2)}`] : [];
  const left = skipped.map(({ what, why }) => `left out ${what}: ${why}`);
  return [...times, ...angle, ...(device ? [device] : []), ...left].join(" · ");
}

/** When to try again, for a refusal that says so. */
export function retryLine(seconds) {
  if (seconds === null) return "";
  return seconds > 0 ? `Try again in ${plural(seconds, "second", "seconds")}.` : "You can try again now.";
}

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

function sentence(text) {
  const whole = text[0].toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
