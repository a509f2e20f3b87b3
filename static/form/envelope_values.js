// The envelope as numbers: what replaces the values of its phases, as text and back.

/**
 * The text of an envelope: a JSON list of phases, each with the values that differ from the usual
 * ones, and none behind the last that has any; empty where nothing differs. `values` and `usual` are
 * lists of `{parameter: number}`, one a phase.
 */
export function envelopeText(values, usual) {
  const given = values.map((phase, index) =>
    Object.fromEntries(Object.entries(phase).filter(([name, value]) => value !== usual[index][name])));
  while (given.length && Object.keys(given.at(-1)).length === 0) given.pop();
  return given.length ? JSON.stringify(given) : "";
}

/** The values of every phase; a text that is no envelope replaces none. */
export function envelopeValues(text, usual) {
  const given = parsed(text);
  return usual.map((phase, index) => Object.fromEntries(Object.entries(phase).map(([name, value]) => {
    const own = given[index]?.[name];
    return [name, Number.isFinite(own) ? own : value];
  })));
}

function parsed(text) {
  try {
    const value = JSON.parse(text || "[]");
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** Where each pass stands among the phases: 0 is the first of them, `last` the last. */
export function positions(passes, stretched, last) {
  const steps = Math.max(1, passes - 1);
  return Array.from({ length: passes }, (_, index) => (stretched ? (last * index) / steps : Math.min(index, last)));
}

/** The value of a phase, or between two. */
export function valueAt(values, position) {
  const before = Math.floor(position);
  const after = Math.min(before + 1, values.length - 1);
  return values[before] + (position - before) * (values[after] - values[before]);
}

/** Which pass has which phase, in words. */
export function phaseWords(phases, passes, stretched) {
  const last = phases.length - 1;
  if (passes === 1) return `One pass: ${phases[0]}.`;
  if (stretched) return `Pass 1 is ${phases[0]}, pass ${passes} is ${phases[last]}, those between in even steps.`;
  const each = phases.slice(0, passes).map((phase, index) => {
    const until = index === last && passes > phases.length ? ` to ${passes}` : "";
    return `${index + 1}${until} ${phase}`;
  });
  return `Pass ${each.join(", ")}.`;
}
