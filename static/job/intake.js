// The ways in: a file is chosen, dropped on a place or anywhere else, or pasted.

/**
 * Call `onFile(part, file)` for each picture that comes in. A place is an element with `data-part`:
 * what is dropped on it, or pasted with the focus or the pointer on it, is for that part; all else
 * is for the first.
 */
export function acceptFiles(places, onFile) {
  for (const place of places) {
    const input = place.querySelector("input[type=file]");
    const take = () => {
      if (input.files.length) onFile(place.dataset.part, input.files[0]);
      input.value = ""; // so that the same file can be chosen again after it was changed
    };
    input.addEventListener("change", take);
    setTimeout(take); // what was chosen before this came over a slow line
  }
  const placeAt = (node) => node?.closest?.("[data-part]") ?? places[0];
  const lift = (over) => places.forEach((place) => place.classList.toggle("over", place === over));

  document.addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    lift(placeAt(event.target));
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || lift(null));
  document.addEventListener("drop", (event) => {
    lift(null);
    if (!carriesFile(event)) return;
    event.preventDefault(); // the browser would leave the page for the picture
    const file = event.dataTransfer.files[0];
    if (file) onFile(placeAt(event.target).dataset.part, file);
  });

  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    const meant = places.find((place) => place.matches(":hover, :focus-within"));
    onFile((meant ?? places[0]).dataset.part, file);
  });
}

function carriesFile(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
