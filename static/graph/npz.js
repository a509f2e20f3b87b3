// npz files: a zip of npy arrays, as numpy.savez and numpy.savez_compressed write them.

const END = 0x06054b50; // of the central directory
const ENTRY = 0x02014b50;
const MOST_COMMENT = 1 << 16;

const TYPES = {
  f8: Float64Array, f4: Float32Array, i8: BigInt64Array, u8: BigUint64Array,
  i4: Int32Array, u4: Uint32Array, i2: Int16Array, u2: Uint16Array, i1: Int8Array, u1: Uint8Array, b1: Uint8Array,
};

/** The arrays of a file, `{name: {shape, values}}`; throws where it is something else. */
export async function readNpz(buffer) {
  const view = new DataView(buffer);
  const arrays = {};
  for (const { name, method, start, size } of entries(view)) {
    const packed = new Uint8Array(buffer, start, size);
    const bytes = method === 0 ? packed : await inflated(packed);
    arrays[name.replace(/\.npy$/, "")] = npy(bytes);
  }
  return arrays;
}

function* entries(view) {
  let end = view.byteLength - 22;
  while (end >= Math.max(0, view.byteLength - 22 - MOST_COMMENT) && view.getUint32(end, true) !== END) end--;
  if (end < 0 || view.getUint32(end, true) !== END) throw new TypeError("it is no npz");
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== ENTRY) throw new TypeError("it is no npz");
    const [nameSize, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, nameSize));
    const head = view.getUint32(at + 42, true);
    const start = head + 30 + view.getUint16(head + 26, true) + view.getUint16(head + 28, true);
    yield { name, method: view.getUint16(at + 10, true), start, size: view.getUint32(at + 20, true) };
    at += 46 + nameSize + extra + comment;
  }
}

async function inflated(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function npy(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = bytes[6] > 1; // from version 2 on the header's size has four bytes
  const begin = long ? 12 : 10;
  const data = begin + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(begin, data));
  const [, type] = /'descr':\s*'[<|=]?(\w\d)'/.exec(header) ?? [];
  const [, sides] = /'shape':\s*\(([^)]*)\)/.exec(header) ?? [];
  if (!(type in TYPES) || sides === undefined) throw new TypeError("it holds what is no plain array");
  const shape = sides.split(",").filter((side) => side.trim()).map(Number);
  const count = shape.reduce((product, side) => product * side, 1);
  const Typed = TYPES[type];
  const values = new Typed(bytes.slice(data, data + count * Typed.BYTES_PER_ELEMENT).buffer);
  return { shape, values: type[1] === "8" && type[0] !== "f" ? Float64Array.from(values, Number) : values };
}
