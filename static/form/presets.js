// Sets of values worth starting from.

import { element } from "./elements.js";

export const PRESETS = {
  shading: [
    { name: "As it is", note: "Four passes, strokes of the picture in its voids.", fields: {} },
    { name: "Whisper", note: "Two passes at half the strength.", fields: { passes: "2", effect_strength: "0.5" } },
    {
      name: "Brush",
      note: "Broad lines, a few strokes beside them.",
      fields: {
        percentile: "25",
        envelope: '[{"fill_threshold":0.02,"dilation_radius":6},{"dilation_radius":4},{"dilation_radius":3},{"dilation_radius":2}]',
      },
    },
    { name: "Fine ink", note: "Outlines by the spectrum of the whole picture, in its own colours.", fields: { passes: "3", contours: "spectral" } },
    { name: "Thicket", note: "Many small strokes, growing outwards.", fields: { passes: "8", max_segments: "150", translation_strength: "40", decay: "0.9" } },
    { name: "Burst", note: "Thin lines, strokes thrown far.", fields: { passes: "6", percentile: "70", translation_strength: "120" } },
    { name: "Shadow", note: "Lines are tinted and displaced, nothing is copied.", fields: { low_gate: "shadow", effect_strength: "1.5" } },
    { name: "One side", note: "One spectrum of the whole picture: here lines, there leaves. Slow.", fields: { scope: "image", passes: "3" } },
  ],
  drawing: [
    { name: "Outlines", note: "What the picture shows, in lines.", fields: {} },
    { name: "Every edge", note: "Faint edges are lines too.", fields: { edge_threshold: "0.05" } },
    { name: "Few lines", note: "Only what stands out.", fields: { edge_threshold: "0.5" } },
    { name: "Field", note: "The Fiedler vectors of the tiles, as colours.", fields: { render: "viridis" } },
    { name: "Whole spectrum", note: "One Fiedler vector of the whole picture, as ranks.", fields: { render: "ranks", scope: "image" } },
  ],
};
const KEPT = ["deadline_s", "max_side"]; // these are of the machine and the picture, not of the look

/** The fields of a preset, with what it leaves alone. */
export function preset(fields, before) {
  const kept = KEPT.filter((name) => name in before).map((name) => [name, before[name]]);
  return { ...fields, ...Object.fromEntries(kept) };
}

/** The buttons of the presets in `group`. */
export class Presets {
  constructor(group, onPick) {
    Object.assign(this, { group, onPick, buttons: [] });
  }

  /** Those of this kind; the one whose fields these are is pressed. */
  show(kind, fields) {
    if (this.kind !== kind) this.make(kind);
    const now = canonical(preset(fields, {}));
    for (const [index, each] of PRESETS[kind].entries()) {
      const there = canonical(preset(each.fields, fields)) === now;
      this.buttons[index].setAttribute("aria-pressed", String(there));
    }
    const pressed = this.buttons.findIndex((button) => button.ariaPressed === "true");
    this.note.textContent = PRESETS[kind][pressed]?.note ?? "Values of your own.";
  }

  make(kind) {
    this.kind = kind;
    this.note = element("p", { className: "help" });
    this.buttons = PRESETS[kind].map(({ name, note, fields }) => {
      const button = element("button", { type: "button", textContent: name, title: note });
      button.addEventListener("click", () => this.onPick(fields));
      return button;
    });
    this.group.replaceChildren(element("div", { className: "chips" }, ...this.buttons), this.note);
  }
}

const canonical = (fields) => JSON.stringify(Object.entries(fields).sort());
