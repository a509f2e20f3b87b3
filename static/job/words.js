// What the page says about a run, in words. Nothing here touches the page.

const STATES = {
  idle: "Ready.",
  uploading: "Uploading.",
  queued: "Waiting for its turn.",
  running: "Running.",
};

// Of kinds without passes: what there is to see.
const SEEN = { drawing: "drawn from a spectrum", field: "a field" };

/** The one line for screen reader and eye; it changes with state and pass, not with every tile. */
export function statusLine(kind, state, progress = {}, connected = true) {
  const { passes_done: done = 0, passes_total: total = 0, pass = 1 } = progress;
  if (!connected && state === "uploading") return "Connection lost. It is sent again as soon as the server is back.";
  if (!connected) return "Connection lost. Trying to get it back; the job goes on meanwhile.";
  if (kind === "drawing" && state === "running") return "Running: the spectrum of the whole picture.";
  if (kind === "field" && state === "running") return "Running: the field.";
  if (state !== "running" || !total) return STATES[state] ?? state;
  if (pass === 0) return "Running: the source.";
  return done < total ? `Running: pass ${done + 1} of ${total}.` : "Running: last touches.";
}

/** The same for a run that has ended. */
export function endLine(kind, { state, progress = {}, status_reason: reason }) {
  const { passes_done: done = 0, passes_total: total = 0 } = progress;
  const why = reason ? ` ${sentence(reason)}` : "";
  const seen = SEEN[kind];
  if (seen && state === "complete") {
    const short = progress.tiles_done < progress.tiles_total;
    return `Complete: ${seen} ${short ? "that got no closer to its bound" : "within its bound"}.`;
  }
  if (seen && state === "partial") {
    return `Partial: ${seen} as far as it was known when the time was up.`
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
  return [...times, ...angle, ...(device ? [device] : []), ...leftOut(skipped)].join(" · ");
}

// The first reason stands for those that follow from it.
function leftOut(skipped) {
  if (!skipped.length) return [];
  const names = skipped.map(({ what }) => what);
  const said = names.length > 3 ? `${names[0]} to ${names.at(-1)}` : names.join(", ");
  return [`left out ${said}: ${skipped[0].why}`];
}

/** When to try again, for a refusal that says so. */
export function retryLine(seconds) {
  if (seconds === null) return "";
  return seconds > 0 ? `Try again in ${plural(seconds, "second", "seconds")}.` : "You can try again now.";
}

/** A job in a few words. */
export function summary({ kind, name, spec = {}, progress = {} }) {
  const passes = progress.passes_total || spec.passes;
  const said = { shade: plural(passes, "pass", "passes"), field: spec.render === "contours" ? "line drawing" : "field" };
  const what = said[kind] ?? kind;
  const named = name || (kind in said ? "a picture" : "");
  return [...(named ? [named] : []), what, ...(spec.mode === "cross" ? ["from a source"] : [])].join(", ");
}

/** How long ago a moment was, as an ISO date. */
export function whenLine(created, now = Date.now()) {
  const seconds = (now - Date.parse(created)) / 1000;
  if (seconds < 60) return "just now";
  const [count, unit] = seconds < 3600 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  return `${plural(Math.floor(count), unit, `${unit}s`)} ago`;
}

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/** A reason as a sentence. */
export function sentence(text) {
  const whole = text[0].toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
