// Binary preview frames: u32 big-endian length of a JSON header, the header, a PNG or WebP picture.

/** Parse one frame to `{ header, picture }`; the picture is a Blob. Throws on a malformed frame. */
export function parseFrame(buffer) {
  if (buffer.byteLength < 4) throw new RangeError("frame shorter than its length prefix");
  const length = new DataView(buffer).getUint32(0);
  if (4 + length > buffer.byteLength) throw new RangeError("frame shorter than its header");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const picture = new Blob([new Uint8Array(buffer, 4 + length)], { type: `image/${header.format}` });
  return { header, picture };
}
