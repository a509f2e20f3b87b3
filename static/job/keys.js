// The key of a service that asks for one: kept for this tab only, and never in an address.

const NAME = "itten-key";

export const hasKey = () => sessionStorage.getItem(NAME) !== null;

/** What a call has to bring. */
export function keyHeaders() {
  return hasKey() ? { Authorization: `Bearer ${sessionStorage.getItem(NAME)}` } : {};
}

/** The form that asks for the key: hidden until the service does. `onKey()` when there is one. */
export class KeyForm {
  constructor(form, onKey) {
    Object.assign(this, { form, input: form.querySelector("input") });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const key = this.input.value.trim();
      this.input.value = "";
      if (!/^[!-~]+$/.test(key)) return; // what no header can carry is no key
      sessionStorage.setItem(NAME, key);
      form.hidden = true;
      onKey();
    });
  }

  /** Ask; a key that was there is not the right one. */
  ask() {
    sessionStorage.removeItem(NAME);
    this.form.hidden = false;
    this.input.focus();
  }
}
