// Edges in the making, and lattices of rows and columns.

export class Edges {
  constructor() {
    Object.assign(this, { src: [], dst: [] });
  }

  add(one, other) {
    this.src.push(one);
    this.dst.push(other);
  }

  arrays() {
    return { src: Int32Array.from(this.src), dst: Int32Array.from(this.dst) };
  }
}

/** Node row * cols + col; each of `steps` is (rows down, columns right, where: (row, col) => boolean). */
export function grid(rows, cols, steps) {
  const edges = new Edges();
  for (const [down, right, where = () => true] of steps) {
    for (let row = 0; row + down < rows; row++) {
      for (let col = Math.max(0, -right); col < Math.min(cols, cols - right); col++) {
        if (where(row, col)) edges.add(row * cols + col, (row + down) * cols + col + right);
      }
    }
  }
  const n = rows * cols;
  const x = Float64Array.from({ length: n }, (_, i) => i % cols);
  const y = Float64Array.from({ length: n }, (_, i) => Math.floor(i / cols));
  return { n, ...edges.arrays(), x, y };
}
