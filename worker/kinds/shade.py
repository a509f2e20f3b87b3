"""Jobs of kind `shade`: field, gate, growth, pass after pass."""

import time
from collections.abc import Generator, Iterator, Sequence

import torch
from torch import Tensor

from worker.kinds.costs import HANDING_OVER, SHADING, Pace
from worker.kinds.outlines import Outlines
from worker.kinds.pixels import eight_bit, interleaved, quantised, to_picture, to_pixels
from worker.kinds.progress import PREVIEW_PIXELS, FieldProgress, shrunk
from worker.kinds.solving import bounds, field_arrays, make_solver, on_cpu
from worker.numerics.field_state import FieldState
from worker.numerics.memory import OutOfMemory
from worker.runs import Array, Emission
from worker.shader.colour import luma
from worker.shader.contours import ContourRule, contour_rule, tone_level
from worker.shader.envelope import Phase
from worker.shader.shader import Picture, ShaderSettings, seen, shade, shade_stages
from worker.wire.messages import Finished, PassDone, Preview, Submit
from worker.wire.params import ShadeParams

SAMPLE_PIXELS, SAMPLE_BAND = 1_000_000, 48
"""The tones of a larger picture are judged by so many pixels, in bands of so many rows."""

LEAST_ROWS = 8  # pixels; a narrower strip is not worth the operators' fixed cost


class ShadeRun:
    """Passes of solving and shading; the last state of the image is there at any time."""

    def __init__(
        self, submit: Submit, params: ShadeParams, pixels: bytes, device: torch.device
    ) -> None:
        self._submit, self._params = submit, params
        self._settings = shader_settings(params)
        self._picture = to_picture(pixels, submit.height, submit.width, submit.channels, device)
        self._pixels = memoryview(pixels)  # of `_picture`, as they are sent
        self._rule: ContourRule | None = None
        self._shading: Generator[None, None, Picture] | None = None
        self._shading_s = 0.0  # of the pass that is being shaded
        self._passes_done = 0
        self._field_s = self._shade_s = 0.0
        self._pace = Pace()
        self._outlines = Outlines(params)
        self._begin_pass(None)

    @property
    def finished(self) -> bool:
        """Whether all passes are done."""
        return self._passes_done == self._params.passes

    def step(self) -> Sequence[Emission]:
        """One step of the field, or one operator of the shader once the pass has its field."""
        started = time.perf_counter()
        if self._solver.finished and self._outlines.ready:
            shaded = self._shade_on()
            self._shading_s += time.perf_counter() - started
            return [] if shaded is None else self._finish_pass(shaded)
        changed: list[int] = []
        try:
            if self._outlines.ready:
                changed = self._solver.step()
            else:
                self._outlines.step()
        except OutOfMemory:
            self._take(on_cpu(self._solver, self._params.field))
            self._outlines.moved(self._solver)
        took_s = time.perf_counter() - started
        self._field_s += took_s
        self._pace.took(took_s)
        return list(self._progress.report(changed, self._tiles_before, self._tiles_total))

    def next_step_s(self) -> float | None:
        """An operator of the shader: about a third of the pass; else as the longest of late."""
        if self.finished or not (self._solver.finished and self._outlines.ready):
            return self._pace.next_s
        return SHADING.estimate(self._submit.height * self._submit.width) / 3

    def conclude_s(self) -> float:
        """Hand over the picture, and shade what has a field by then."""
        rows = 0 if self.finished else self._rows_solved()
        width = self._submit.width
        shading = max(0.0, SHADING.estimate(rows * width) - self._shading_s)
        return HANDING_OVER.estimate(self._submit.height * width) + shading

    def conclude(self, within_s: float) -> tuple[Finished, memoryview]:
        """The last complete pass, and beyond it what field and time allow of the next."""
        solver = self._solver
        height, width = self._submit.height, self._submit.width
        within_s -= HANDING_OVER.estimate(height * width)
        payload = self._pixels if self.finished else self._shaded_within(within_s)
        median, largest = bounds(solver)
        finished = Finished(
            job=self._submit.job,
            state="complete" if self.finished else "partial",
            channels=self._submit.channels,
            pass_tiles_converged=solver.converged,
            pass_tiles_total=solver.tiling.count,
            passes_done=self._passes_done,
            passes_total=self._params.passes,
            tiles_done=self._tiles_before + solver.converged,
            tiles_total=self._tiles_total,
            angle_bound_median=median,
            angle_bound_max=largest,
            field_s=self._field_s,
            shade_s=self._shade_s,
            oom_retries=solver.memory.retries,
            arrays=bool(solver.usable.any()),
        )
        return finished, payload

    def arrays(self) -> Iterator[tuple[str, Array] | None]:
        """The field of the last pass that was reached."""
        return field_arrays(self._solver, self._params.field)

    # --- passes -------------------------------------------------------------------------------

    def _begin_pass(self, previous: FieldState | None) -> None:
        image = seen(self._picture, self._settings.background)
        self._take(make_solver(image, self._params.field, previous))
        self._outlines = self._outlines.following(image, self._solver)
        count = self._solver.tiling.count
        self._tiles_before = count * self._passes_done
        self._tiles_total = count * self._params.passes

    def _take(self, solver: FieldState) -> None:
        self._solver = solver
        self._progress = FieldProgress(
            self._submit.job, solver, self._params.field.channel, self._passes_done + 1
        )

    def _shade_on(self) -> Picture | None:
        """The next operator of the pass whose field is there; its picture after the last one."""
        if self._shading is None:
            self._shading = shade_stages(
                self._picture,
                self._field(),
                self._settings,
                self._lines(),
                self._passes_done + 1,
                self._outlines.mask(),
            )
            return None
        try:
            next(self._shading)
        except StopIteration as end:
            self._shading = None
            shaded: Picture = end.value
            return shaded
        return None

    def _finish_pass(self, shaded: Picture) -> list[Emission]:
        self._picture = eight_bit(shaded)
        self._pixels = to_pixels(self._picture)
        SHADING.learn(self._shading_s, self._submit.height * self._submit.width)
        self._shade_s += self._shading_s
        self._shading_s = 0.0
        self._passes_done += 1
        done = PassDone(job=self._submit.job, index=self._passes_done, of=self._params.passes)
        emissions: list[Emission] = [(done, self._pixels), self._preview()]
        if not self.finished:
            self._begin_pass(self._solver)
        return emissions

    def _lines(self) -> ContourRule:
        """What counts as a line; first asked before the first pass has changed the picture."""
        if self._rule is None:
            self._rule = contour_rule(luma(self._sample()), self._params.contours)
        return self._rule

    def _field(self) -> Tensor:
        field = self._params.field
        blended = self._solver.blend(field.align, field.structure_weight, [field.channel - 1])[0]
        return blended.to(self._picture.rgb.device)  # the solver may have had to leave it

    def _rows_solved(self) -> int:
        """Image rows from the top that hold every tile with a vector."""
        usable = self._solver.usable
        if not bool(usable.any()):
            return 0
        tiling = self._solver.tiling
        last = int(usable.nonzero()[-1, 0])
        return tiling.origins[last][0] + tiling.tile_height

    def _shaded_within(self, seconds: float) -> memoryview:
        """The picture with as much of the pass under way as the time allows."""
        height, width = self._submit.height, self._submit.width
        left_s = SHADING.estimate(height * width) - self._shading_s
        if self._shading is not None and left_s > seconds:
            self._shading, self._shading_s = None, 0.0
        rows = height
        if self._shading is None:
            rows = min(self._rows_solved(), SHADING.affords(seconds) // width)
        if rows < LEAST_ROWS:
            SHADING.relax()
            return self._pixels
        started = time.perf_counter()
        top = to_pixels(self._shaded(rows))
        took_s = self._shading_s + time.perf_counter() - started
        SHADING.learn(took_s, rows * width)
        self._shade_s += took_s
        return memoryview(b"".join((top, self._pixels[len(top) :])))

    def _shaded(self, rows: int) -> Picture:
        """The pass under way: to its end once begun, else the first `rows`, where solved."""
        while self._shading is not None:
            shaded = self._shade_on()
            if shaded is not None:
                return shaded
        rgb, alpha = self._picture
        part = Picture(rgb[:, :rows], None if alpha is None else alpha[:rows])
        field, index = self._field()[:rows], self._passes_done + 1
        rule = self._lines()._replace(level=tone_level(luma(self._sample())))
        outlines = self._outlines.mask()
        mask = None if outlines is None else outlines[:rows]
        shaded = shade(part, field, self._settings, rule, index, mask)
        covered = self._covered()[:rows]
        opacity = None
        if part.alpha is not None and shaded.alpha is not None:
            opacity = shaded.alpha.where(covered, part.alpha)
        return Picture(shaded.rgb.where(covered, part.rgb), opacity)

    def _sample(self) -> Tensor:
        """Bands of the picture as it is seen, (3, h, W): enough to know its tones by."""
        height, width = self._submit.height, self._submit.width
        apart = -(-height * width // SAMPLE_PIXELS)
        rows = (torch.arange(height) // SAMPLE_BAND % apart == 0).to(self._picture.rgb.device)
        rgb, alpha = self._picture
        part = Picture(rgb[:, rows], None if alpha is None else alpha[rows])
        return seen(part, self._settings.background)

    def _covered(self) -> Tensor:
        """(H, W) bool: pixels in some tile that has a vector."""
        tiling = self._solver.tiling
        covered = torch.zeros(
            tiling.height, tiling.width, dtype=torch.bool, device=self._picture.rgb.device
        )
        for t in self._solver.usable.nonzero()[:, 0].tolist():
            y, x = tiling.origins[t]
            covered[y : y + tiling.tile_height, x : x + tiling.tile_width] = True
        return covered

    def _preview(self) -> Emission:
        rgb = shrunk(seen(self._picture, self._settings.background), PREVIEW_PIXELS)
        height, width = self._submit.height, self._submit.width
        preview = Preview(
            job=self._submit.job,
            kind="image",
            pass_index=self._passes_done,
            x=0,
            y=0,
            width=width,
            height=height,
            full_width=width,
            full_height=height,
            pixel_width=rgb.shape[2],
            pixel_height=rgb.shape[1],
            channels=3,
        )
        return preview, interleaved(quantised(rgb))


def shader_settings(params: ShadeParams) -> ShaderSettings:
    """The shader's settings from a job's parameters."""
    red, green, blue = (c / 255 for c in params.background)
    return ShaderSettings(
        low_gate=params.low_gate,
        overlap_mode=params.overlap_mode,
        shadow_projection=params.shadow_projection,
        percentile=params.percentile,
        gate_sharpness=params.gate_sharpness,
        effect_strength=params.effect_strength,
        decay=params.decay,
        scale=params.scale,
        translation_strength=params.translation_strength,
        shadow_offset=params.shadow_offset,
        min_segment_pixels=params.min_segment_pixels,
        max_segments=params.max_segments,
        max_segment_size=params.max_segment_size,
        envelope=tuple(
            Phase(p.thicken_modulation, p.kernel_sigma_ratio, p.fill_threshold, p.dilation_radius)
            for p in params.envelope
        ),
        background=(red, green, blue),
    )
