"""The source of a job in cross mode: its field, then the strokes that it lends."""

from collections.abc import Callable, Generator
from typing import NamedTuple

import torch
from torch import Tensor

from worker.kinds.solving import tile_count
from worker.kinds.spectrum import Ground, Spectrum, line_rule
from worker.numerics.lanes import single_threaded
from worker.shader.picture import Picture, seen
from worker.shader.settings import ShaderSettings
from worker.shader.sketch import sketch_of
from worker.shader.source import Source, colours_only, source_stages
from worker.wire.params import ShadeParams


class Solved(NamedTuple):
    """All that is worth keeping of a source's finished field, on the CPU."""

    field: Tensor  # (H, W)
    outline: Tensor | None  # (H, W) bool, where the rule asks for it

    @property
    def nbytes(self) -> int:
        """What keeping it takes."""
        return self.field.nbytes + (0 if self.outline is None else self.outline.nbytes)


class Lender:
    """Solves the source's field and extracts its strokes, once a job; lazily.

    Attributes:
        size: of the picture (H, W).
        count: tiles of its field; 0 where only colours are lent.
        spectrum: its field, while that is in the making.
        cut: whether the field was given up before its end.
        solved: the field, once it is complete.
        source: what is lent, once it is there.
    """

    def __init__(
        self,
        picture: Callable[[], Picture],
        size: tuple[int, int],
        params: ShadeParams,
        settings: ShaderSettings,
    ) -> None:
        """Plan; `picture` of `size` (H, W) is asked for with the first step."""
        self._make, self.size = picture, size
        self._params, self._settings = params, settings
        self.count = 0 if params.low_gate == "shadow" else tile_count(size, params.field)
        self.spectrum: Spectrum | None = None
        self._converged = 0  # once there is no spectrum
        self.cut = False
        self.solved: Solved | None = None
        self.source: Source | None = None
        self._stages: Generator[None, None, Source] | None = None

    def recall(self, solved: Solved) -> None:
        """Begin with a field that is known from before."""
        self.solved, self._converged = solved, self.count

    @property
    def converged(self) -> int:
        """Its tiles with nothing left to do."""
        return self._converged if self.spectrum is None else self.spectrum.solver.converged

    def forget(self) -> None:
        """Let go of the field, once its strokes are found."""
        self._converged, self.spectrum = self.converged, None

    @property
    def solving(self) -> bool:
        """Whether the field is still to be worked on."""
        ready = self.spectrum is not None and self.spectrum.ready
        return self.count > 0 and self.solved is None and not ready and not self.cut

    @property
    def pixels(self) -> int:
        """How many pixels will be searched for strokes."""
        height, width = self.size
        return width * (height if self.spectrum is None else self.spectrum.rows_solved())

    def give_up(self) -> None:
        """Lend strokes of what is solved so far."""
        self.cut = self.cut or self.solving

    def step(self) -> list[int]:
        """A step of the field, or of the search for strokes; returns the tiles that got better."""
        if self.solving:
            return self._solve()
        if self._stages is None:
            self._stages = self._search()
        try:
            with single_threaded():
                next(self._stages)
        except StopIteration as end:
            self.source = end.value
            self._stages = None
        except BaseException:  # abandoned in the middle
            self._stages = None
            raise
        return []

    def _solve(self) -> list[int]:
        if self.spectrum is None:
            self.spectrum = Spectrum(self._make(), self._params, self._settings)
        return self.spectrum.step()

    def _search(self) -> Generator[None, None, Source]:
        found = self._found()
        yield
        if found is None:
            picture = self._make() if self.spectrum is None else self.spectrum.picture
            return colours_only(seen(picture, self._settings.background))
        (picture, field, rule, sketch), known = found
        settings = self._settings.rows_of(torch.Size(self.size))
        return (yield from source_stages(picture, field, settings, rule, sketch, known))

    def _found(self) -> tuple[Ground, Tensor | None] | None:
        """Where to search, and where in it a field is known, unless everywhere; None: nowhere."""
        spectrum = self.spectrum
        if spectrum is None:
            return None if self.solved is None else (self._recalled(self.solved), None)
        rows = spectrum.rows_solved()
        if self.cut:
            return (spectrum.top(rows), spectrum.covered()[:rows]) if rows else None
        ground = spectrum.ground()
        outline = None if ground.sketch is None else ground.sketch.outline.cpu()
        self.solved = Solved(ground.field.cpu(), outline)
        return ground, None

    def _recalled(self, solved: Solved) -> Ground:
        picture = self._make()
        device = picture.rgb.device
        rule = line_rule(picture, self._settings.background, self._params.contours)
        field, outline = solved.field.to(device), solved.outline
        if outline is None:
            return Ground(picture, field, rule, None)
        rgb = seen(picture, self._settings.background)
        sketch = sketch_of(rgb, outline.to(device), own_colours=rule.photograph)
        return Ground(picture, field, rule, sketch)
