"""The field of one picture in the making, with what counts as a line in it."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.kinds.outlines import Outlines
from worker.kinds.solving import inherit_memory, make_solver, on_cpu
from worker.numerics.field_state import FieldState, Waiting
from worker.numerics.lanes import single_threaded
from worker.numerics.memory import OutOfMemory
from worker.shader.colour import luma
from worker.shader.contours import ContourRule, contour_rule, find_edges, tone_level
from worker.shader.picture import Picture, seen
from worker.shader.settings import ShaderSettings
from worker.shader.sketch import Sketch, sketch_of
from worker.wire.params import ShadeParams

SAMPLE_PIXELS, SAMPLE_BAND = 1 << 18, 48
"""The tones of a larger picture are judged by so many pixels, in bands of so many rows."""


WIDE = 2.2  # pixels across an outline


class Ground(NamedTuple):
    """What the shader works on: a picture, or rows from its top, with all that is known of it."""

    picture: Picture
    field: Tensor  # (H, W)
    rule: ContourRule
    sketch: Sketch | None  # the outlines, and what is drawn of them, where the rule asks for them


class Spectrum:
    """Solves the field of a picture, and finds its outlines where the rule asks for them.

    Attributes:
        picture: what the field is of.
        sketch: what the passes have drawn so far, where the rule asks for outlines.
        solver: how far it is.
        sketchy: whether edges of the tone do, where there is no time for outlines.
    """

    def __init__(
        self,
        picture: Picture,
        params: ShadeParams,
        settings: ShaderSettings,
        previous: "Spectrum | None" = None,
        sketch: Sketch | None = None,
    ) -> None:
        """Of the input, or of the next pass over what a `previous` one has led to.

        The `sketch` is what the passes have drawn so far.
        """
        self.picture = picture
        self._params, self._background = params, settings.background
        self._wide = WIDE * settings.unit(picture.rgb.shape[1:])
        image = seen(picture, self._background)
        self.solver: FieldState = make_solver(
            image, params.field, previous.solver if previous else None
        )
        self._settings = settings
        self._rule = previous.rule() if previous else None
        self.sketch = sketch
        self._outlines: Outlines | None = None
        self.sketchy = False  # whether edges of the tone have to do instead of outlines

    def after(self, picture: Picture, sketch: Sketch | None) -> "Spectrum":
        """Of a picture that passes over this one have led to; their fields are not known."""
        spectrum = Spectrum(picture, self._params, self._settings, sketch=sketch)
        spectrum._rule = self.rule()
        return spectrum

    def inherit_memory(self, other: "Spectrum") -> None:
        """Begin with what another field has learnt of the device's memory."""
        inherit_memory(self.solver, other.solver)

    @property
    def ready(self) -> bool:
        """Whether the shader may begin."""
        return self.solver.finished and self._outlined

    @property
    def _outlined(self) -> bool:
        if self.sketchy or self.sketch is not None or self.rule().kind != "outlines":
            return True
        return self._outlines is not None and self._outlines.ready

    def waiting(self) -> Waiting | None:
        """Tiles that could be solved now, perhaps in one batch with those of others."""
        return None if self._lacks_rule else self.solver.waiting()

    @property
    def _lacks_rule(self) -> bool:
        # Concluding must not wait for the rule: it is needed as soon as there is any field.
        return self._rule is None and bool(self.solver.usable.any())

    def step(self) -> list[int]:
        """A short piece of work; returns the tiles that got better."""
        try:
            if not self.solver.finished:
                return self._solve()
        except OutOfMemory:
            self.solver = on_cpu(self.solver, self._params.field)
            return []
        if self._outlines is None:
            image = seen(self.picture, self._background)
            self._outlines = Outlines(image, self._params.field, self.solver)
        else:
            self._outlines.step()
        return []

    def _solve(self) -> list[int]:
        if self._lacks_rule:
            with single_threaded():
                self.rule()
            return []
        return self.solver.step()

    def rule(self) -> ContourRule:
        """What counts as a line, by the job's input."""
        if self._rule is None:
            self._rule = line_rule(self.picture, self._background, self._params.contours)
        return self._rule

    def ground(self) -> Ground:
        """The whole picture, with the field as far as it is."""
        sketch = self._sketched(self.picture)
        return Ground(self.picture, self._blended(self.solver), self.rule(), sketch)

    def top(self, rows: int) -> Ground:
        """The first rows, judged as parts of the whole."""
        picture, field = self.picture.rows(slice(rows)), self._blended(self.solver.top(rows))
        level = tone_level(luma(_sample(self.picture, self._background)))
        rule = self.rule()._replace(level=level)
        return Ground(picture, field[:rows], rule, self._sketched(picture))

    def _sketched(self, picture: Picture) -> Sketch | None:
        """The sketch of the picture or of its first rows, where the rule asks for one."""
        rows, rule = picture.rgb.shape[1], self.rule()
        if self.sketch is not None or rule.kind != "outlines":
            return None if self.sketch is None else self.sketch.rows(rows)
        rgb = seen(picture, self._background)
        outline = None if self._outlines is None else self._outlines.mask(self._wide)
        # Edges of the tone will do where there was no time for better ones.
        outline = find_edges(luma(rgb)) if outline is None else outline[:rows]
        return sketch_of(rgb, outline, own_colours=rule.photograph)

    def rows_solved(self) -> int:
        """Rows from the top that hold every tile with a vector and something to show.

        Blank paper has its vectors at once, and nothing to draw upon.
        """
        usable = self.solver.usable & (self.solver.structure() > 0)
        if not bool(usable.any()):
            return 0
        tiling = self.solver.tiling
        last = int(usable.nonzero()[-1, 0])
        return tiling.origins[last][0] + tiling.tile_height

    @property
    def lacks_outlines(self) -> bool:
        """Whether outlines are asked for and not found: what is drawn now is not final."""
        asked = self.sketch is None and self.rule().kind == "outlines"
        return asked and (self.sketchy or not self._outlined)

    @property
    def unsketched(self) -> bool:
        """Whether outlines would have to be found before anything is drawn, as far as is known."""
        return self.sketch is None and (self._rule is None or self._rule.kind == "outlines")

    def covered(self) -> Tensor:
        """(H, W) bool: pixels in some tile that has a vector."""
        tiling = self.solver.tiling
        covered = torch.zeros(tiling.height, tiling.width, dtype=torch.bool)
        for t in self.solver.usable.nonzero()[:, 0].tolist():
            y, x = tiling.origins[t]
            covered[y : y + tiling.tile_height, x : x + tiling.tile_width] = True
        return covered.to(self.picture.rgb.device)

    def _blended(self, solver: FieldState) -> Tensor:
        field = self._params.field
        blended = solver.blend(field.align, field.structure_weight, [field.channel - 1])[0]
        return blended.to(self.picture.rgb.device)  # the solver may have had to leave it


def line_rule(picture: Picture, background: tuple[float, float, float], kind: str) -> ContourRule:
    """What counts as a line in a picture; of a large one a sample is enough to know."""
    return contour_rule(luma(_sample(picture, background)), kind)


def _sample(picture: Picture, background: tuple[float, float, float]) -> Tensor:
    """Bands of the picture as it is seen, (3, h, W): enough to know its tones by."""
    height, width = picture.rgb.shape[1:]
    apart = -(-height * width // SAMPLE_PIXELS)
    rows = torch.arange(height) // SAMPLE_BAND % apart == 0
    return seen(picture.rows(rows.to(picture.rgb.device)), background)
