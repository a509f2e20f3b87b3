// Pictures that the project has made itself, to try things with.

const FOLDER = "/static/samples";

// Each is `{name}.png`, with a thumbnail beside it; made by `python -m benchmarks.samples`.
export const SAMPLES = [
  { name: "whale", title: "Whale, drawn by pen" },
  { name: "plant", title: "Plant, drawn by brush" },
  { name: "face", title: "Face, drawn by brush" },
  { name: "cup", title: "Cup, drawn by brush" },
  { name: "snail", title: "Snail, by marker" },
  { name: "balloons", title: "Balloons, in flat colours" },
  { name: "cottage", title: "Cottage, as pixel art" },
];

/** A sample as a File; throws where the server does not have it. */
export async function fetchSample(name) {
  const answer = await fetch(`${FOLDER}/${encodeURIComponent(name)}.png`);
  if (!answer.ok) throw new Error(`there is no sample ${name}`);
  return new File([await answer.blob()], `${name}.png`, { type: "image/png" });
}

/** Fill `list` with a button for each sample; `onPick(name)` when one is taken. */
export function listSamples(list, onPick) {
  list.replaceChildren(...SAMPLES.map(({ name, title }) => {
    const button = document.createElement("button");
    const image = document.createElement("img");
    Object.assign(button, { type: "button", title });
    Object.assign(image, { loading: "lazy", alt: title, width: 96, height: 96 });
    image.src = `${FOLDER}/${name}-small.webp`;
    const item = document.createElement("li");
    button.append(image);
    button.addEventListener("click", () => onPick(name));
    item.append(button);
    return item;
  }));
}
