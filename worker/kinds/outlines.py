"""Spectral contours for the shader: outlines of a picture, by the modes of the whole of it."""

import msgspec
import torch
from torch import Tensor

from worker.kinds.drawing import contours
from worker.kinds.solving import make_solver, on_cpu
from worker.numerics.field_state import FieldState
from worker.numerics.memory import OutOfMemory
from worker.wire.params import ShadeParams

ENOUGH = 3
"""Steps after which outlines hardly change any more, long before the modes are certified."""


class Outlines:
    """The contours of one pass, where a job asks for spectral ones; else nothing to do."""

    def __init__(self, params: ShadeParams) -> None:
        """Of no pass yet."""
        self._params = params
        self._whole = msgspec.structs.replace(params.field, scope="image")
        self._modes: FieldState | None = None
        self._mask: Tensor | None = None
        self._device = torch.device("cpu")  # of the picture

    def following(self, image: Tensor, field: FieldState) -> "Outlines":
        """The outlines of the next pass over `image` (3, H, W).

        With the scope `image` its own `field` has the modes.
        """
        outlines = Outlines(self._params)
        outlines._device = image.device
        if self._params.contours != "spectral":
            return outlines
        if self._params.field.scope == "image":
            outlines._modes = field
        else:
            outlines._modes = make_solver(image, self._whole, self._modes)
        return outlines

    def moved(self, field: FieldState) -> None:
        """Take note that the pass's field goes on elsewhere."""
        if self._modes is not None and self._params.field.scope == "image":
            self._modes = field

    @property
    def ready(self) -> bool:
        """Whether the shader may begin."""
        modes = self._modes
        return (
            modes is None
            or self._params.field.scope == "image"
            or modes.finished
            or int(modes.iterations[0]) >= ENOUGH
        )

    def step(self) -> None:
        """Bring the modes a step further."""
        assert self._modes is not None
        try:
            self._modes.step()
        except OutOfMemory:
            self._modes = on_cpu(self._modes, self._whole)

    def mask(self) -> Tensor | None:
        """(H, W) bool: the outlines, once there are modes."""
        if self._mask is None and self._modes is not None and bool(self._modes.usable[0]):
            self._mask = contours(self._modes)
        # The modes may have had to leave the picture's device.
        return None if self._mask is None else self._mask.to(self._device)
