// The three ways in: a file is chosen, dropped anywhere on the page, or pasted.

/** Call `onFile(file)` for each picture that comes in; `frame` shows that a drop is possible. */
export function acceptFiles({ input, frame, onFile }) {
  input.addEventListener("change", () => {
    if (input.files.length) onFile(input.files[0]);
    input.value = ""; // so that the same file can be chosen again after it was changed
  });

  let depth = 0; // dragenter and dragleave come for every element that is crossed
  const lift = (by) => {
    depth = Math.max(0, depth + by);
    frame.classList.toggle("over", depth > 0);
  };
  document.addEventListener("dragenter", (event) => carriesFile(event) && lift(+1));
  document.addEventListener("dragleave", (event) => carriesFile(event) && lift(-1));
  document.addEventListener("dragover", (event) => {
    if (carriesFile(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    lift(-depth);
    if (!carriesFile(event)) return;
    event.preventDefault(); // the browser would leave the page for the picture
    const file = event.dataTransfer.files[0];
    if (file) onFile(file);
  });

  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    onFile(file);
  });
}

function carriesFile(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
