// The form's parameters: their values, what the sliders say, and the server's complaints beside them.

export class Params {
  constructor(form, onChange) {
    this.form = form;
    this.inputs = [...form.querySelectorAll(".fields [name]")];
    form.addEventListener("input", (event) => {
      this.complain([]);
      this.label(event.target);
      onChange();
    });
    // The values are back only after the event.
    form.addEventListener("reset", () => setTimeout(() => {
      this.complain([]);
      this.inputs.forEach((input) => this.label(input));
      onChange();
    }));
    this.inputs.forEach((input) => this.label(input)); // browsers restore values on reload
  }

  /** Name and value of each spec field; an empty one is left to the server's default. */
  fields() {
    return this.inputs.map(({ name, value }) => [name, value.trim()]).filter(([, value]) => value !== "");
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
    this.inputs.find((input) => input.hasAttribute("aria-invalid"))?.focus();
    return errors.filter(({ field }) => !this.inputs.some(({ name }) => name === field));
  }

  label(input) {
    const output = this.form.querySelector(`output[for="${input.id}"]`);
    if (!output) return;
    output.textContent = `${Number(input.value)}${output.dataset.unit}`;
    input.setAttribute("aria-valuetext", output.textContent);
  }
}
