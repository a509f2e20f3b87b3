// What can be made: whom to ask for it, what makes it what it is, and where its parameters stand.

export const KINDS = {
  shading: { endpoint: "/shade", method: "shade", model: "ShadeSpec", base: {}, without: [] },
  drawing: {
    endpoint: "/field",
    method: "field",
    model: "FieldSpec",
    base: { render: "contours" },
    without: ["mode", "passes"], // a field is of one picture and has no passes
  },
};

/** Parameters in sight, by kind; the others are in the groups. */
export const QUICK = {
  shading: ["passes", "effect_strength", "contours", "scope", "low_gate", "channel", "max_side", "deadline_s"],
  drawing: ["render", "background", "edge_threshold", "channel", "scope", "tolerance", "max_side", "deadline_s"],
};

export const ENVELOPE = ["envelope", "envelope_curve", "decay"];

/** Whatever is in no group is in the last one, so that a new parameter needs no line here. */
export const GROUPS = [
  { title: "Gate", names: ["percentile", "gate_sharpness"] },
  {
    title: "Strokes and shadows",
    names: ["min_segment_pixels", "max_segment_size", "max_segments", "translation_strength", "overlap_mode", "shadow_offset", "shadow_projection", "scale"],
  },
  {
    title: "Graph",
    names: ["radii", "radius_weights", "edge_threshold", "quality", "tile_size", "overlap"],
  },
  { title: "Spectrum", names: ["align", "structure_weight", "solver", "iterations", "tolerance"] },
  { title: "Picture and answer", names: [] },
];

/** The defaults that other values bring with them. */
export function implied(kind, fields) {
  const { render } = { ...KINDS[kind].base, ...fields };
  return render === "contours" ? { scope: "image" } : {};
}

/** The kind of what comes of it: a field is drawn in lines or shown as it is. */
export function outcome(kind, fields) {
  const { render = "contours" } = fields;
  return kind === "drawing" && render !== "contours" ? "field" : kind;
}
