// Where a layout begins: by hops from three nodes that are far apart; Harel and Koren (2002).

const GOLDEN = Math.PI * (3 - Math.sqrt(5));
const HOP = 2; // the length of an edge
const JITTER = 0.3; // so that no two nodes begin at one place

/** Places x, y for a graph `{n, src, dst}`; what cannot be reached from node 0 lies around the rest. */
export function placed({ n, src, dst }) {
  const next = neighbours(n, src, dst);
  const first = hops(n, next, farthest(hops(n, next, 0)));
  const second = hops(n, next, farthest(first));
  const third = hops(n, next, farthest(first.map((hop, i) => Math.min(hop, second[i]))));
  const reach = Math.max(1, first[farthest(first)]);
  const [x, y] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    const away = JITTER * Math.sqrt((i + 0.5) / n);
    const [right, down] = first[i] < 0
      ? [reach * Math.cos(i * GOLDEN), reach * Math.sin(i * GOLDEN)]
      : [(first[i] - second[i]) / 2, third[i] - (first[i] + second[i]) / 2];
    x[i] = HOP * (right + away * Math.cos(i * GOLDEN));
    y[i] = HOP * (down + away * Math.sin(i * GOLDEN));
  }
  return { x, y };
}

// Of node i they are `ends[starts[i]]` to `ends[starts[i + 1] - 1]`.
function neighbours(n, src, dst) {
  const starts = new Int32Array(n + 1);
  for (const node of src) starts[node + 1]++;
  for (const node of dst) starts[node + 1]++;
  for (let i = 0; i < n; i++) starts[i + 1] += starts[i];
  const [free, ends] = [starts.slice(), new Int32Array(2 * src.length)];
  for (let e = 0; e < src.length; e++) {
    ends[free[src[e]]++] = dst[e];
    ends[free[dst[e]]++] = src[e];
  }
  return { starts, ends };
}

// From one node to each, -1 where there is no way.
function hops(n, { starts, ends }, from) {
  const found = new Int32Array(n).fill(-1);
  const queue = new Int32Array(n);
  found[from] = 0;
  queue[0] = from;
  for (let head = 0, tail = 1; head < tail; head++) {
    const node = queue[head];
    for (let e = starts[node]; e < starts[node + 1]; e++) {
      if (found[ends[e]] >= 0) continue;
      found[ends[e]] = found[node] + 1;
      queue[tail++] = ends[e];
    }
  }
  return found;
}

const farthest = (distances) => distances.reduce((best, hop, i) => (hop > distances[best] ? i : best), 0);
