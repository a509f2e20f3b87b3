// Arrays as pictures: a height map in grey, normals as colours.

/** A PNG of an array of (height, width, channels): 0..1 where it is of floats, else 0..255. */
export async function drawn({ shape: [height, width, channels], values }) {
  const image = new ImageData(width, height);
  const most = values instanceof Float32Array ? 255 : 1;
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) image.data[4 * pixel + c] = most * values[pixel * channels + Math.min(c, channels - 1)];
    image.data[4 * pixel + 3] = 255;
  }
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve));
}
