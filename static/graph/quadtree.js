// A quadtree over points in typed arrays, for forces between all of them; Barnes and Hut (1986).

const DEEPEST = 24; // points that are nearer to each other than this tells are one
const CELLS = 4; // for each point, at least; more are made where points lie close

export class Quadtree {
  constructor(n) {
    this.reserve(Math.max(64, CELLS * n));
  }

  reserve(cells) {
    const grown = (Typed, size, old) => {
      const made = new Typed(size);
      if (old) made.set(old);
      return made;
    };
    this.child = grown(Int32Array, 4 * cells, this.child);
    this.point = grown(Int32Array, cells, this.point); // of a leaf; -1 of a cell with children
    for (const name of ["mass", "x", "y", "side"]) this[name] = grown(Float64Array, cells, this[name]);
    this.cells = cells;
  }

  build(x, y) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < x.length; i++) {
      left = Math.min(left, x[i]);
      right = Math.max(right, x[i]);
      top = Math.min(top, y[i]);
      bottom = Math.max(bottom, y[i]);
    }
    const side = Math.max(right - left, bottom - top) || 1;
    this.used = 0;
    this.make(side);
    for (let i = 0; i < x.length; i++) this.insert(i, x, y, left, top, side);
    for (let cell = 0; cell < this.used; cell++) {
      this.x[cell] /= this.mass[cell];
      this.y[cell] /= this.mass[cell];
    }
  }

  make(side) {
    if (this.used === this.cells) this.reserve(2 * this.cells);
    const cell = this.used++;
    this.child.fill(0, 4 * cell, 4 * cell + 4);
    this.mass[cell] = this.x[cell] = this.y[cell] = 0;
    this.point[cell] = -1;
    this.side[cell] = side;
    return cell;
  }

  add(cell, x, y) {
    this.mass[cell]++;
    this.x[cell] += x; // sums, until all are in
    this.y[cell] += y;
  }

  insert(i, x, y, left, top, side) {
    let cell = 0;
    for (let depth = 0; ; depth++) {
      const before = this.mass[cell];
      this.add(cell, x[i], y[i]);
      if (before === 0) {
        this.point[cell] = i;
        return;
      }
      if (depth === DEEPEST) return;
      side /= 2;
      const there = this.point[cell];
      if (there >= 0) { // a leaf until now: its point moves down
        this.point[cell] = -1;
        const lower = this.make(side);
        this.child[4 * cell + quarter(x[there], y[there], left + side, top + side)] = lower;
        this.add(lower, x[there], y[there]);
        this.point[lower] = there;
      }
      const q = quarter(x[i], y[i], left + side, top + side);
      if (q & 1) left += side;
      if (q & 2) top += side;
      if (!this.child[4 * cell + q]) {
        const made = this.make(side);
        this.child[4 * cell + q] = made;
      }
      cell = this.child[4 * cell + q];
    }
  }
}

const quarter = (x, y, middle, centre) => (x >= middle ? 1 : 0) + (y >= centre ? 2 : 0);
