// Names of files, for the page's downloads and for commands.

/** The name of the result: that of the input, marked. */
export function outputName(fileName, kind, ending = "png") {
  const stem = fileName.replace(/\.[A-Za-z0-9]{1,5}$/, "") || "picture";
  return `${stem}-${kind === "shading" ? "itten" : kind}.${ending}`;
}

/** Where a sample can be had. */
export const sampleUrl = (origin, { sample }) => `${origin}/static/samples/${sample}.png`;
