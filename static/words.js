// What the page says about a run, in words. Nothing here touches the page.

const STATES = {
  idle: "Ready.",
  uploading: "Uploading.",
  queued: "Waiting for its turn.",
  running: "Running.",
};

/** The one line for screen reader and eye; it changes with state and pass, not with every tile. */
export function statusLine(kind, state, progress = {}, connected = true) {
  const { passes_done: done = 0, passes_total: total = 0, pass = 1 } = progress;
  if (!connected) return "Connection lost. Trying to get it back; the job goes on meanwhile.";
  if (kind === "drawing" && state === "running") return "Running: the spectrum of the whole picture.";
  if (state !== "running" || !total) return STATES[state] ?? state;
  if (pass === 0) return "Running: the source.";
  return done < total ? `Running: pass ${done + 1} of ${total}.` : "Running: last touches.";
}

/** The same for a run that has ended. */
export function endLine(kind, { state, progress = {}, status_reason: reason }) {
  const { passes_done: done = 0, passes_total: total = 0 } = progress;
  const why = reason ? ` ${sentence(reason)}` : "";
  if (kind === "drawing" && state === "complete") {
    return progress.tiles_done < progress.tiles_total
      ? "Complete: drawn from a spectrum that got no closer to its bound."
      : "Complete: drawn from a spectrum within its bound.";
  }
  if (kind === "drawing" && state === "partial") {
    return "Partial: drawn from the spectrum as far as it was known when the time was up."
      + (why || " A longer deadline or a smaller picture gets further.");
  }
  if (state === "complete") return `Complete: ${done} of ${plural(total, "pass", "passes")}.`;
  if (state === "cancelled") return `Cancelled.${why}`;
  if (state === "failed") return `Failed.${why}`;
  const reached = done
    ? `Partial: ${done} of ${plural(total, "pass", "passes")} done when the time was up.`
    : "Partial: the time was up before the first pass was done. What had no field yet is unchanged.";
  return reached + (why || " A longer deadline, fewer passes or a smaller picture gets further.");
}

/**
 * How far the field is, for the eye only: counts of tiles, or the bound where one tile is all there
 * is of a pass. With an aim, the bound is still on its way there.
 */
export function measure(progress = {}, bound = null, aim = null) {
  const { tiles_done: done, tiles_total: total } = progress;
  if (!total) return "";
  if (isTiled(progress)) return `${done} of ${plural(total, "tile", "tiles")}`;
  if (bound === null) return aim ? "looking for a bound" : "no bound";
  const reached = bound < 1 ? `bound ${bound.toPrecision(2)}` : "bound above 1";
  return aim && bound > aim ? `${reached} → ${aim}` : reached;
}

const isTiled = ({ tiles_total: total, passes_total: passes = 0, sources = 0 }) =>
  total > Math.max(1, passes) + sources;

/** Where the time went and how good the field is, from the job document. */
export function resultFacts({ kind, timings = {}, quality = {}, progress = {}, device, skipped = [] }) {
  const times = [["field", timings.field_s], ["shading", timings.shade_s], ["encoding", timings.encode_s]]
    .filter(([name, seconds]) => Number.isFinite(seconds) && !(name === "shading" && kind === "field"))
    .map(([name, seconds]) => `${name} ${seconds.toFixed(2)} s`);
  const angle = Number.isFinite(quality.angle_bound_median)
    ? [`${isTiled(progress) ? "median " : ""}angle bound ${quality.angle_bound_median.toPrecision(2)}`] : [];
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
