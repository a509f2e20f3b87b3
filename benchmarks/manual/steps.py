"""What each step of a pass works on: a drawing and a photograph, opened in the middle of a pass."""

from collections.abc import Callable
from functools import cached_property
from typing import Final

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from benchmarks.gallery.layout import Cell, compose
from benchmarks.gallery.studio import Studio
from benchmarks.gallery.sweeps import DRAWING, PHOTOGRAPH
from worker.kinds.colours import by_value, viridis
from worker.kinds.pixels import to_picture
from worker.kinds.settings import shader_settings
from worker.kinds.shading import Shading
from worker.kinds.solving import make_solver
from worker.numerics.field_state import FieldState
from worker.numerics.stencil import half_stencil
from worker.shader.explanation import explanation_of
from worker.shader.shader import shade_stages
from worker.shader.stages import result_of
from worker.wire.config import RADIUS_WEIGHTS, read_shade_config, shade_params

CELL = 194  # pixels; four of them are as wide as a page
PATCH = (95, 52, 31)  # pixels of the photograph: left, top and side
BEGUN = 112  # rows, two of tiles
INK, PALE, MARK, LAID = (20, 20, 20), (255, 255, 255), (190, 60, 20), (31, 111, 120)
CPU: Final = torch.device("cpu")
PARAMS: Final = shade_params(read_shade_config({}))


class Pass:
    """The first pass over a picture, with all that it works on."""

    def __init__(self, image: Image.Image) -> None:
        """Solve the field, find the lines, shade."""
        self.image = image
        settings = shader_settings(PARAMS)
        spectrum = _shading(image).spectrum
        while not spectrum.ready:
            spectrum.step()
        self.solver: FieldState = spectrum.solver
        picture, self.field, rule, sketch = spectrum.ground()
        self.shaded = result_of(shade_stages(picture, self.field, settings, rule, 1, sketch))
        assert self.shaded.trace is not None
        self.trace = self.shaded.trace
        self.explanation = explanation_of(self.trace, self.field.shape)

    @cached_property
    def coarse(self) -> FieldState:
        """The field before any tile is refined."""
        solver = make_solver(self.solver.image, PARAMS.field)
        solver.refining = False
        while not solver.finished:
            solver.step()
        return solver

    @property
    def result(self) -> Image.Image:
        """The picture after the pass."""
        return _rgb(self.shaded.picture.rgb)


class Steps:
    """The strips of the eight steps, each asked for by its name."""

    def __init__(self, studio: Studio) -> None:
        """Over pictures of this studio; they are worked on when they are asked for."""
        self._studio = studio
        self.names: dict[str, Callable[[], Image.Image]] = {
            "answers": self.answers,
            "1-graph": self.graph,
            "2-tiles": self.tiles,
            "3-solve": self.solve,
            "4-field": self.field,
            "5-lines": self.lines,
            "6-gate": self.gate,
            "7-growth": self.growth,
            "8-strokes": self.strokes,
        }

    @cached_property
    def _drawing(self) -> Pass:
        return Pass(self._studio.picture(DRAWING))

    @cached_property
    def _photograph(self) -> Pass:
        return Pass(self._studio.picture(PHOTOGRAPH))

    def answers(self) -> Image.Image:
        """What comes back by a deadline: the first rows of pass 1, one pass, all four."""
        image, passes = self._studio.picture(PHOTOGRAPH), self._studio.shade(PHOTOGRAPH).passes
        cells = [
            Cell(image, "no time: 0 passes"),
            Cell(_begun(image), "first rows of pass 1"),
            Cell(passes[0], "partial: 1 of 4"),
            Cell(passes[-1], "complete: 4 of 4"),
        ]
        return compose("", [cells], CELL)

    def graph(self) -> Image.Image:
        """Some pixels of the photograph, and what joins the one in the middle to those around."""
        image, (left, top, side) = self._photograph.image, PATCH
        where = image.copy()
        box = (left, top, left + side, top + side)
        ImageDraw.Draw(where).rectangle(box, outline=MARK, width=2)
        base, weight = _edges(image.crop(box))
        cells = [
            Cell(where, "a part of a picture"),
            Cell(image.crop(box), "its pixels"),
            Cell(_grey(base), "weight by distance"),
            Cell(_grey(weight), "and by colour"),
        ]
        return compose("", [cells], CELL)

    def tiles(self) -> Image.Image:
        """Where tiles lie, and the first eigenvectors of one of them."""
        of = self._photograph
        tiling, tile = of.solver.tiling, 9
        shape = (tiling.tile_height, tiling.tile_width)
        shown = [viridis(by_value(of.solver.vectors[tile, c].reshape(shape))) for c in range(2)]
        y, x = tiling.origins[tile]
        part = of.image.crop((x, y, x + shape[1], y + shape[0]))
        cells = [
            Cell(_tiled(of), f"{tiling.count} tiles, overlapping"),
            Cell(part, "one of them"),
            *(Cell(_from(each), f"its eigenvector {c}") for c, each in enumerate(shown, 1)),
        ]
        return compose("", [cells], CELL)

    def solve(self) -> Image.Image:
        """The coarse field beside the converged one, as smooth as signs make them."""
        cells = []
        for of in (self._drawing, self._photograph):
            for solver, name in ((of.coarse, "coarse"), (of.solver, "converged")):
                field = solver.blend("sign", structure_weight=False, channels=[0])[0]
                bound = float(solver.bound.median())
                known = f"{name}: bound {'none' if bound == np.inf else f'{bound:.2g}'}"
                cells.append(Cell(_viridis(field), known))
        return compose("", [cells], CELL)

    def field(self) -> Image.Image:
        """What signs make of the same vectors."""
        ways = {"none": "as solved", "sign": "sign", "ramp": "ramp"}
        rows = [
            [
                Cell(of.image, "picture"),
                *(
                    Cell(
                        _viridis(of.solver.blend(way, structure_weight=True, channels=[0])[0]), name
                    )
                    for way, name in ways.items()
                ),
            ]
            for of in (self._drawing, self._photograph)
        ]
        return compose("", rows, CELL)

    def lines(self) -> Image.Image:
        """What is taken for lines."""
        return self._pairs(lambda of: _mask(of.trace.drawn), "lines")

    def gate(self) -> Image.Image:
        """The gate, and on which side of it lines are."""
        cells = []
        for of in (self._drawing, self._photograph):
            high = of.trace.gate > 0.5
            sides = _painted(_mask(of.trace.drawn), {MARK: of.trace.drawn & ~high})
            cells += [Cell(_grey(of.trace.gate), "gate"), Cell(sides, "lines: high, low")]
        return compose("", [cells], CELL)

    def growth(self) -> Image.Image:
        """What lines of high gate grow by."""
        return self._pairs(
            lambda of: _painted(_faint(of.image), {MARK: of.trace.filled}), "filled pixels"
        )

    def strokes(self) -> Image.Image:
        """Strokes of low gate, what they are matched to, where copies lie; and the result."""
        cells = []
        for of in (self._drawing, self._photograph):
            cells += [Cell(_matched(of), "strokes, copies"), Cell(of.result, "after the pass")]
        return compose("", [cells], CELL)

    def _pairs(self, shown: Callable[[Pass], Image.Image], name: str) -> Image.Image:
        pairs = [
            cell
            for of in (self._drawing, self._photograph)
            for cell in (Cell(of.image, "picture"), Cell(shown(of), name))
        ]
        return compose("", [pairs], CELL)


def _shading(image: Image.Image) -> Shading:
    """A job over the picture, not begun."""
    picture = to_picture(image.tobytes(), image.height, image.width, 3, CPU)
    return Shading(picture, PARAMS, shader_settings(PARAMS))


def _begun(image: Image.Image) -> Image.Image:
    """The picture where only its first rows were solved by the deadline."""
    shading = _shading(image)
    while not shading.spectrum.solver.finished:
        shading.spectrum.step()
    begun = image.copy()
    begun.paste(_rgb(shading.top_of_pass(BEGUN).rgb))
    return begun


def _edges(patch: Image.Image) -> tuple[Tensor, Tensor]:
    """The weights of the edges of the patch's middle: of the stencil, and with colours."""
    side, middle = patch.width, patch.width // 2
    params = PARAMS.field
    base = torch.zeros(side, side)
    for dy, dx, strength in half_stencil(params.radii, RADIUS_WEIGHTS[: len(params.radii)]):
        base[middle + dy, middle + dx] = base[middle - dy, middle - dx] = strength
    colours = torch.from_numpy(np.asarray(patch).astype(np.float32)) / 255
    apart = (colours - colours[middle, middle]).square().sum(-1).sqrt()
    weight = base * torch.exp(-apart / params.edge_threshold)
    return (base / base.max()).sqrt(), (weight / base.max()).sqrt()


def _tiled(of: Pass) -> Image.Image:
    image, tiling = of.image.copy(), of.solver.tiling
    draw = ImageDraw.Draw(image)
    for i, (y, x) in enumerate(tiling.origins):
        box = (x, y, x + tiling.tile_width - 1, y + tiling.tile_height - 1)
        draw.rectangle(box, outline=MARK if i == 9 else PALE, width=1 + (i == 9))
    return image


def _matched(of: Pass) -> Image.Image:
    strokes = torch.zeros_like(of.trace.drawn).flatten()
    strokes[of.explanation.segments.pixels] = True
    image = _painted(_faint(of.image), {MARK: strokes.reshape(of.trace.drawn.shape)})
    draw = ImageDraw.Draw(image)
    matches = of.explanation.matches
    for lent, to in zip(matches.lent.tolist(), matches.to.tolist(), strict=True):
        draw.line((lent[1], lent[0], to[1], to[0]), fill=LAID)
        draw.ellipse((to[1] - 2, to[0] - 2, to[1] + 2, to[0] + 2), fill=LAID)
    return image


def _faint(image: Image.Image) -> Image.Image:
    return Image.blend(image, Image.new("RGB", image.size, PALE), 0.7)


def _painted(image: Image.Image, masks: dict[tuple[int, int, int], Tensor]) -> Image.Image:
    pixels = np.array(image.convert("RGB"))
    for colour, mask in masks.items():
        pixels[mask.numpy()] = colour
    return Image.fromarray(pixels)


def _mask(mask: Tensor) -> Image.Image:
    return Image.fromarray(np.where(mask.numpy()[:, :, None], INK, PALE).astype(np.uint8))


def _grey(values: Tensor) -> Image.Image:
    return Image.fromarray((values * 255).round().to(torch.uint8).numpy()).convert("RGB")


def _viridis(field: Tensor) -> Image.Image:
    return _from(viridis(by_value(field)))


def _rgb(layers: Tensor) -> Image.Image:
    return _from((layers.clamp(0, 1) * 255).round().to(torch.uint8))


def _from(layers: Tensor) -> Image.Image:
    return Image.fromarray(layers.permute(1, 2, 0).contiguous().numpy())
