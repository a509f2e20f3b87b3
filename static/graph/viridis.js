// The colours of viridis, as polynomials of degree six (Matt Zucker's fit).

const LEVELS = 64;
const TERMS = [
  [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
  [0.1050930431085774, 1.404613529898575, 1.384590162594685],
  [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
  [-4.634230498983486, -5.799100973351585, -19.33244095627987],
  [6.228269936347081, 14.17993336680509, 56.69055260068105],
  [4.776384997670288, -13.74514537774601, -65.35303263337234],
  [-5.435455855934631, 4.645852612178535, 26.3124352495832],
];

/** CSS colours, from the lowest to the highest. */
export const COLOURS = Array.from({ length: LEVELS }, (_, level) => {
  const t = level / (LEVELS - 1);
  const channel = (i) => TERMS.reduceRight((sum, term) => sum * t + term[i], 0);
  const bytes = [0, 1, 2].map((i) => Math.round(255 * Math.min(1, Math.max(0, channel(i)))));
  return `rgb(${bytes.join(" ")})`;
});

/** Which of them a value has in a range. */
export function levelOf(value, low, high) {
  const t = high > low ? (value - low) / (high - low) : 0.5;
  return Math.round((LEVELS - 1) * Math.min(1, Math.max(0, t)));
}
