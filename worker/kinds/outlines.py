"""Outlines of a picture, by the modes of the whole of it; found once, before anything is drawn."""

import msgspec
from torch import Tensor
from torch.nn import functional

from worker.kinds.drawing import contours, drawable
from worker.kinds.solving import make_solver, on_cpu
from worker.numerics.field_state import FieldState
from worker.numerics.memory import OutOfMemory
from worker.wire.params import FieldParams

ENOUGH = 3
"""Steps after which outlines hardly change any more, long before the modes are certified."""

MOST_PIXELS = 1 << 18
"""Outlines of larger pictures are looked for in a smaller copy: what bounds an object can be seen
there, and the modes of 12 megapixels would take longer than any deadline."""


class Outlines:
    """The outlines of one picture."""

    def __init__(self, image: Tensor, params: FieldParams, field: FieldState) -> None:
        """Of `image` (3, H, W); with the scope `image` its own `field` has the modes."""
        self._size = (image.shape[1], image.shape[2])
        self._device = image.device
        self._params = msgspec.structs.replace(params, scope="image")
        self._lent = params.scope == "image"
        self._modes = field if self._lent else make_solver(_reduced(image), self._params)

    @property
    def ready(self) -> bool:
        """Whether they are as good as they get."""
        modes = self._modes
        return self._lent or modes.finished or int(modes.iterations[0]) >= ENOUGH

    def step(self) -> None:
        """Bring the modes a step further."""
        try:
            self._modes.step()
        except OutOfMemory:
            self._modes = on_cpu(self._modes, self._params)

    def mask(self, wide: float) -> Tensor | None:
        """(H, W) bool: outlines of so many pixels across; None as long as there are no modes."""
        if not drawable(self._modes):
            return None
        return contours(self._modes, *self._size, wide).to(self._device)


def _reduced(image: Tensor) -> Tensor:
    """(3, h, w) of at most MOST_PIXELS, by area."""
    scale = (MOST_PIXELS / (image.shape[1] * image.shape[2])) ** 0.5
    if scale >= 1:
        return image
    size = [max(1, int(scale * side)) for side in image.shape[1:]]
    return functional.interpolate(image[None], size, mode="area")[0]
