// What is known of a graph: a value for each node, by what is shown.

const MOST_SORTED = 20_000;

export class Values {
  constructor() {
    this.clear(0);
  }

  clear(n) {
    Object.assign(this, { lambda2: new Float32Array(n).fill(NaN), size: null, vectors: [], eigenvalues: [] });
  }

  patch({ idx, lambda2 }) {
    idx.forEach((node, i) => (this.lambda2[node] = lambda2[i] ?? NaN));
  }

  /** How many nodes have a lambda_2. */
  get known() {
    return this.lambda2.reduce((count, value) => count + !Number.isNaN(value), 0);
  }

  /** The arrays of a job, and its document. */
  take({ lambda2, ball_size: size, vectors }, { solved = [] }) {
    if (lambda2) Object.assign(this, { lambda2: lambda2.values, size: size.values });
    this.eigenvalues = solved[0]?.values ?? [];
    if (!vectors) return;
    const [k, n] = vectors.shape;
    this.vectors = Array.from({ length: k }, (_, i) => vectors.values.subarray(i * n, (i + 1) * n));
  }

  /** What is shown: lambda_2, or a Fiedler vector, from 1. */
  shown(channel) {
    return this.vectors[channel - 1] ?? this.lambda2;
  }

  /** A node in words. */
  words(node, channel) {
    const value = this.shown(channel)[node];
    if (value === undefined || Number.isNaN(value)) return `Node ${node}: no value`;
    if (this.vectors.length) return `Node ${node}: ${number(value)} in vector ${channel}`;
    const ball = this.size ? `, ball of ${this.size[node]} nodes` : "";
    return `Node ${node}: λ₂ ${number(value)}${ball}`;
  }
}

/**
 * The lowest and the highest, and whether some are over it; null where none is known. Where the highest are `rare`, a share, what
 * the others reach: a few corners would take the colours from all the rest.
 */
export function rangeOf(values, rare = 0) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(low <= high)) return null;
  const usual = rare ? quantile(values, 1 - rare) : high;
  const top = usual > low ? usual : high;
  return { low, high: top, isOver: number(high) !== number(top) };
}

// Of some of the values where there are very many.
function quantile(values, share) {
  const step = Math.ceil(values.length / MOST_SORTED);
  const some = values.filter((value, i) => i % step === 0 && !Number.isNaN(value)).sort();
  return some[Math.floor(share * (some.length - 1))];
}

/** A number in a few digits. */
export const number = (value) => (value === 0 ? "0" : Number(value.toPrecision(3)).toString());
