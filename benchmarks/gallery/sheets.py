"""How each kind of sheet is put together: the jobs of its cells, and their captions."""

import json
from collections.abc import Iterable, Sequence
from itertools import zip_longest

import numpy as np
from PIL import Image, ImageChops, ImageOps

from benchmarks.gallery.layout import Cell, Row
from benchmarks.gallery.studio import Studio, on_paper
from benchmarks.gallery.sweeps import Sweep, same

Pair = tuple[str, str | None]  # target, source

MANY_PASSES, SHOWN_PASSES = 8, (2, 4, 6, 8)
MODES = 3  # of a whole picture


def alone(studio: Studio, names: Iterable[str]) -> list[Row]:
    """Self attention: the input, its field, every pass."""
    rows: list[Row] = []
    for name in names:
        shaded = studio.shade(name)
        rows.append(
            [_input(studio, name), Cell(shaded.field, "field of pass 4"), *_passes(shaded.passes)]
        )
    return rows


def cross(studio: Studio, pairs: Iterable[tuple[str, str]]) -> list[Row]:
    """Cross attention: target, source, every pass."""
    return [
        [
            _input(studio, target, "target: "),
            _input(studio, source, "source: "),
            *_passes(studio.shade(target, source).passes),
        ]
        for target, source in pairs
    ]


def sources(studio: Studio, targets: Sequence[str], names: Sequence[str]) -> list[Row]:
    """Every target with every source, as a table."""
    head = [Cell(None), *(_input(studio, name, "source: ") for name in names)]
    table = [
        [
            _input(studio, target, "target: "),
            *(Cell(studio.shade(target, name).last, f"{target} x {name}") for name in names),
        ]
        for target in targets
    ]
    return [head, *table]


def overlap(studio: Studio, pairs: Iterable[Pair]) -> list[Row]:
    """Where strokes overlap: the later wins, their mean, and where that makes a difference."""
    rows: list[Row] = []
    for target, source in pairs:
        replaced, blended = (
            studio.shade(target, source, overlap_mode=mode).last for mode in ("replace", "blend")
        )
        rows.append(
            [
                Cell(on_paper(studio.picture(target)), _title(target, source)),
                Cell(replaced, "replace", marked=True),
                Cell(blended, "blend"),
                Cell(difference(replaced, blended), f"{differing(replaced, blended):.1%} differ"),
            ]
        )
    return rows


def difference(one: Image.Image, other: Image.Image) -> Image.Image:
    """White where two pictures of one size are the same, darker the more they differ."""
    return ImageOps.invert(ImageChops.difference(one, other))


def differing(one: Image.Image, other: Image.Image) -> float:
    """Share of the pixels that differ, 0..1."""
    return float((np.asarray(one) != np.asarray(other)).any(-1).mean())


def variants(
    studio: Studio, pairs: Iterable[Pair], name: str, values: Sequence[object]
) -> list[Row]:
    """The input, then what each value of a field makes of it."""
    rows: list[Row] = [
        [
            Cell(on_paper(studio.picture(target)), _title(target, source)),
            *(
                Cell(studio.shade(target, source, **{name: v}).last, str(v), same({name: v}, {}))
                for v in values
            ),
        ]
        for target, source in pairs
    ]
    return rows if len(values) > 2 else by_twos(rows)


def by_twos(rows: Sequence[Row]) -> list[Row]:
    """Short rows, two on a line."""
    return [[*one, *other] for one, other in zip_longest(rows[::2], rows[1::2], fillvalue=())]


def sweep(studio: Studio, swept: Sweep, names: Iterable[str] = ()) -> list[Row]:
    """A row of values for each picture."""
    rows: list[Row] = [
        [
            Cell(
                studio.shade(name, None, **swept.spec(value)).last,
                label(swept.name, value),
                same(swept.spec(value), swept.base),
            )
            for value in swept.values
        ]
        for name in (names or swept.pictures)
    ]
    return rows if len(swept.values) > 2 else by_twos(rows)


def label(name: str, value: object) -> str:
    """A field's value as it would be given."""
    return f"{name}: by phase" if value is None else f"{name}={json.dumps(value)}".replace('"', "")


def scope(studio: Studio, names: Iterable[str]) -> list[Row]:
    """Tiles beside the whole image: field and result of each."""
    rows: list[Row] = []
    for name in names:
        tiles, image = (studio.shade(name, scope=s) for s in ("tiles", "image"))
        rows.append(
            [
                _input(studio, name),
                Cell(tiles.field, "field of tiles"),
                Cell(tiles.last, "tiles", marked=True),
                Cell(image.field, "field of the image"),
                Cell(image.last, "image"),
            ]
        )
    return rows


def envelope(studio: Studio, names: Iterable[str]) -> list[Row]:
    """Eight passes: the last phase holds, or the phases are spread over them."""
    return [
        [
            _input(studio, name),
            *(
                Cell(made[index - 1], f"{curve}: pass {index}", marked=curve == "hold")
                for index in SHOWN_PASSES
            ),
        ]
        for name in names
        for curve in ("hold", "stretch")
        for made in [studio.shade(name, passes=MANY_PASSES, envelope_curve=curve).passes]
    ]


def spectrum(studio: Studio, names: Iterable[str]) -> list[Row]:
    """Whole pictures: the first modes, the line drawing, shading by the first mode."""
    return [
        [
            _input(studio, name),
            *(
                Cell(studio.field(name, scope="image", render="ranks", channel=c), f"mode {c}")
                for c in range(1, MODES + 1)
            ),
            Cell(studio.field(name, render="contours"), "line drawing"),
            Cell(studio.shade(name, scope="image", passes=3).last, "shaded by mode 1"),
        ]
        for name in names
    ]


def passes(studio: Studio, names: Iterable[str]) -> list[Row]:
    """The input and every pass."""
    return [[_input(studio, name), *_passes(studio.shade(name).passes)] for name in names]


def _passes(pictures: Iterable[Image.Image]) -> list[Cell]:
    return [Cell(picture, f"pass {i}") for i, picture in enumerate(pictures, 1)]


def _input(studio: Studio, name: str, role: str = "") -> Cell:
    return Cell(on_paper(studio.picture(name)), f"{role}{name}")


def _title(target: str, source: str | None) -> str:
    return target if source is None else f"{target} x {source}"
