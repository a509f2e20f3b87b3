// Pointers on an element that move what lies there: one drags, two also pinch.

/**
 * `takes(event)` says whether a pointer that comes down takes hold. `onMove(from, to)` tells each move:
 * `{x, y, spread}` before and after it, the middle of the pointers in CSS pixels of the window and how
 * far apart they are; one pointer has a spread of 1.
 */
export function letHandsMove(element, { takes, onMove }) {
  const held = new Map(); // where each pointer is, by its id
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !takes(event)) return;
    held.set(event.pointerId, event);
    if (event.pointerType === "touch") return; // what lies under a finger has it, and tells us
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (!held.has(event.pointerId)) return;
    const before = grip(held);
    held.set(event.pointerId, event);
    onMove(before, grip(held));
  });
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
    element.addEventListener(type, ({ pointerId }) => held.delete(pointerId));
  }
  // Two fingers are for the picture; one scrolls the page where it takes no hold.
  element.addEventListener("touchstart", (event) => event.touches.length > 1 && event.preventDefault(), { passive: false });
}

function grip(held) {
  const places = [...held.values()].slice(0, 2);
  const [first, last] = [places[0], places.at(-1)];
  const apart = Math.hypot(first.clientX - last.clientX, first.clientY - last.clientY);
  return {
    x: (first.clientX + last.clientX) / 2,
    y: (first.clientY + last.clientY) / 2,
    spread: places.length > 1 ? Math.max(1, apart) : 1,
  };
}
