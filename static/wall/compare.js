// Before and after: a divider across the right frame, moved by pointer or by the keys of a slider.

const byId = (id) => document.getElementById(id);

export class Compare {
  /** `lens` says where the divider lies in the picture. */
  constructor(frame, original) {
    Object.assign(this, { frame, original, lens: null });
    Object.assign(this, { before: byId("before"), divider: byId("divider"), slider: byId("divide") });
    this.button = byId("compare");
    this.button.addEventListener("click", () => this.show(this.divider.hidden));
    this.slider.addEventListener("input", () => this.divide());
    const follow = ({ clientX }) => {
      const { left, width } = frame.getBoundingClientRect();
      this.slider.value = String(Math.round((100 * (clientX - left)) / width));
      this.divide();
    };
    this.divider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.slider.focus({ preventScroll: true });
      this.divider.setPointerCapture(event.pointerId);
      follow(event);
    });
    this.divider.addEventListener("pointermove", (event) => {
      if (this.divider.hasPointerCapture(event.pointerId)) follow(event);
    });
  }

  /** Whether there is something to compare. */
  allow(possible) {
    this.button.hidden = !possible;
    if (!possible) this.show(false);
  }

  show(shown) {
    if (shown) this.before.src = this.original.src;
    this.before.hidden = this.divider.hidden = !shown;
    this.button.setAttribute("aria-pressed", String(shown));
    this.divide();
  }

  divide() {
    if (this.divider.hidden || !this.lens) return;
    const share = Number(this.slider.value) / 100;
    this.slider.setAttribute("aria-valuetext", `${this.slider.value} % original`);
    this.divider.style.left = `${100 * share}%`;
    const left = Math.min(1, Math.max(0, this.lens.across(this.frame, share)));
    this.before.style.clipPath = `inset(0 ${100 * (1 - left)}% 0 0)`;
  }
}
