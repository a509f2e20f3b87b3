// A ring that empties as the deadline comes nearer.

const TICK_MS = 200; // in steps: a smooth ring would have the browser paint 60 times a second
const LATE = 0.2; // of the time, from which on it is said by colour

export class Countdown {
  constructor(element) {
    this.element = element;
    this.arc = element.querySelector(".arc");
    this.text = element.querySelector("span");
    this.timer = 0;
    this.began = null;
  }

  /** Run from now, the end of the upload, which is when the server starts to count. */
  start(seconds) {
    this.total = seconds;
    this.began = performance.now();
    this.element.hidden = false;
    this.show(seconds);
    clearInterval(this.timer);
    this.timer = setInterval(() => this.show(Math.max(0, this.total - this.elapsed())), TICK_MS);
  }

  hide() {
    clearInterval(this.timer);
    this.element.hidden = true;
  }

  /** Seconds since the start, 0 where there was none. */
  elapsed() {
    if (this.began === null) return 0;
    return (performance.now() - this.began) / 1000;
  }

  show(left) {
    this.element.toggleAttribute("data-late", left < LATE * this.total);
    this.arc.style.strokeDashoffset = String(this.total ? 1 - left / this.total : 1);
    this.text.textContent = left.toFixed(1);
  }
}
