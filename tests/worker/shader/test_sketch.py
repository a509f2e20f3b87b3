import pytest
import torch
from torch import Tensor

from worker.shader.sketch import INK, Sketch, sketch_of

RED, BLUE = torch.tensor((0.8, 0.2, 0.2)), torch.tensor((0.1, 0.1, 0.2))


def halves(height: int = 20, width: int = 30) -> Tensor:
    """Red on the left, dark blue on the right."""
    rgb = RED[:, None, None].expand(3, height, width).clone()
    rgb[:, :, width // 2 :] = BLUE[:, None, None]
    return rgb


def outline(height: int = 20, width: int = 30) -> Tensor:
    mask = torch.zeros(height, width, dtype=torch.bool)
    mask[2:-2, width // 2 - 1 : width // 2 + 1] = True
    return mask


def sketch() -> Sketch:
    return sketch_of(halves(), outline(), own_colours=True)


def test_lines_are_drawn_in_the_darkest_colour_beside_them():
    inked = sketch().inked(halves())
    line = outline()
    assert torch.allclose(inked[:, line], (INK * BLUE)[:, None].expand(3, int(line.sum())))
    assert torch.equal(inked[:, ~line], halves()[:, ~line])


def test_opacity_is_not_drawn_upon():
    layers = torch.cat((halves(), torch.full((1, 20, 30), 0.4)))
    assert (sketch().inked(layers)[3] == 0.4).all()


def test_strokes_take_the_most_colourful_colour_beside_them():
    at = outline().flatten().nonzero()[:, 0]
    ink, paint = sketch().colours(halves(), at)
    assert torch.allclose(ink, (INK * BLUE)[:, None].expand_as(ink))
    assert (paint[0] > 0.75).all()
    assert (paint[1:] < 0.2).all()


def test_what_is_no_outline_has_its_present_colour():
    now = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(3))
    pixels = torch.tensor([0, 31, 5 * 30 + 14, 599])
    ink, paint = sketch().colours(now, pixels)
    for colours in (ink, paint):
        assert torch.equal(colours[:, [0, 1, 3]], now.flatten(1)[:, [0, 31, 599]])
        assert not torch.equal(colours[:, 2], now.flatten(1)[:, 5 * 30 + 14])


def test_what_a_pass_adds_grows_or_lends_but_not_both():
    grown, marks = torch.zeros(2, 20, 30, dtype=torch.bool)
    grown[5, 3], marks[6, 4] = True, True
    lines = sketch().after(grown, torch.zeros_like(grown)).after(grown & False, marks).lines
    assert torch.equal(lines.growing, outline() | grown)
    assert torch.equal(lines.lending, outline() | marks)
    assert torch.equal(lines.drawn, outline() | grown | marks)


@pytest.mark.parametrize("rows", [1, 2, 3, 11, 20])
def test_the_first_rows_are_a_sketch_of_their_own(rows: int):
    top, whole = sketch().rows(rows), sketch()
    assert torch.equal(top.outline, outline()[:rows])
    assert torch.equal(top.inked(halves()[:, :rows]), whole.inked(halves())[:, :rows])
    pixels = torch.arange(rows * 30)
    for part, all_of_it in zip(
        top.colours(halves()[:, :rows], pixels), whole.colours(halves(), pixels), strict=True
    ):
        assert torch.equal(part, all_of_it)


def test_nothing_to_draw():
    none = sketch_of(halves(), torch.zeros(20, 30, dtype=torch.bool), own_colours=True)
    assert torch.equal(none.inked(halves()), halves())
    pixels = torch.tensor([7, 8])
    assert torch.equal(none.colours(halves(), pixels)[1], halves().flatten(1)[:, pixels])


def test_an_outline_in_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch):
    whole = sketch()
    monkeypatch.setattr("worker.shader.sketch.CHUNK", 5)
    assert torch.equal(sketch().ink, whole.ink)
    assert torch.equal(sketch().paint, whole.paint)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 2)])
def test_small_pictures(shape: tuple[int, int]):
    rgb, everything = torch.rand(3, *shape), torch.ones(shape, dtype=torch.bool)
    drawn = sketch_of(rgb, everything, own_colours=False)
    assert drawn.inked(rgb).isfinite().all()
    assert ((drawn.paint >= 0) & (drawn.paint <= 1)).all()
