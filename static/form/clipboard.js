// A button that copies a text.

const SAID_MS = 1500;

/** `source()` is the element whose text is copied. */
export function copyOnClick(button, source) {
  const usual = button.textContent;
  button.addEventListener("click", async () => {
    button.textContent = (await copy(source())) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = usual), SAID_MS);
  });
}

// Outside of a secure context there is no clipboard: the text is selected instead.
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return false;
  }
}
