// The form's parameters: their values, what the sliders say, and the server's complaints beside them.

// What can be made: where to ask for it, and the fields that make it what it is.
const KINDS = {
  shading: { endpoint: "/shade", fixed: [] },
  drawing: { endpoint: "/field", fixed: [["render", "contours"], ["scope", "image"]] },
};

export class Params {
  /** `kinds` holds the radio buttons that choose what is made; fields of other kinds are hidden. */
  constructor(form, kinds, onChange) {
    Object.assign(this, { form, kinds });
    this.inputs = [...form.querySelectorAll(".fields [name]")];
    form.addEventListener("input", (event) => {
      this.complain([]);
      this.label(event.target);
      onChange();
    });
    kinds.addEventListener("change", () => {
      this.showKind();
      onChange();
    });
    // The values are back only after the event.
    form.addEventListener("reset", () => setTimeout(() => {
      this.complain([]);
      this.inputs.forEach((input) => this.label(input));
      onChange();
    }));
    this.inputs.forEach((input) => this.label(input)); // browsers restore values on reload
    this.showKind();
  }

  /** `shading` or `drawing`. */
  get kind() {
    return this.kinds.querySelector(":checked").value;
  }

  /** What to ask for: name and value of each spec field; an empty one is left to the server. */
  get order() {
    const { endpoint, fixed } = KINDS[this.kind];
    const chosen = this.shown.map(({ name, value }) => [name, value.trim()]);
    return { kind: this.kind, endpoint, fields: [...fixed, ...chosen.filter(([, value]) => value !== "")] };
  }

  /** The inputs of the chosen kind. */
  get shown() {
    return this.inputs.filter((input) => !input.closest(".field").hidden);
  }

  showKind() {
    for (const field of this.form.querySelectorAll("[data-kind]")) {
      field.hidden = field.dataset.kind !== this.kind;
    }
  }

  get deadline() {
    return Number(this.form.elements.deadline_s.value) || 10;
  }

  /** Show each `{field, message}` at its field; returns those that have no field here. */
  complain(errors) {
    for (const input of this.inputs) {
      const own = errors.filter(({ field }) => field === input.name);
      const help = document.getElementById(`${input.name}-help`);
      help.dataset.usual ??= help.textContent;
      help.textContent = own.map(({ message }) => message).join(" ") || help.dataset.usual;
      if (own.length) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    this.shown.find((input) => input.hasAttribute("aria-invalid"))?.focus();
    return errors.filter(({ field }) => !this.shown.some(({ name }) => name === field));
  }

  label(input) {
    const output = this.form.querySelector(`output[for="${input.id}"]`);
    if (!output) return;
    output.textContent = `${Number(input.value)}${output.dataset.unit}`;
    input.setAttribute("aria-valuetext", output.textContent);
  }
}
