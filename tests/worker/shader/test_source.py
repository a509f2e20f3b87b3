import torch
from torch import Tensor

from tests.worker.shader.drawings import coloured, line_art, opaque, settings, waves
from worker.shader.colour import front_colour, shadow_colour
from worker.shader.contours import ContourRule
from worker.shader.sketch import sketch_of
from worker.shader.source import Source, colours_only, source_of, source_stages
from worker.shader.stages import result_of

GLOBAL = ContourRule("global")
FEW = settings(min_segment_pixels=6, max_segments=2)


def inked(*colour: float) -> Tensor:
    """Line art in one colour on white, (3, 128, 128)."""
    ink = torch.tensor(colour)[:, None, None].expand(3, 128, 128)
    return torch.where(line_art() < 0.5, ink, torch.ones(()))


def lent(rgb: Tensor) -> Source:
    return source_of(opaque(rgb), waves(128, 128), FEW, GLOBAL)


def test_twice_as_many_strokes_are_lent_as_are_wanted():
    assert lent(coloured(line_art())).strokes.count == 4
    assert lent(coloured(line_art())).described.shape == (4, 4)


def test_ink_without_colour_takes_the_whole_tint():
    source = lent(inked(0.1, 0.1, 0.1))
    shadow, front = source.tinted(1.0)
    assert torch.allclose(shadow, shadow_colour(source.behind, 1.0))
    assert torch.allclose(front, front_colour(source.ahead, 1.0))


def test_coloured_ink_keeps_most_of_its_colour():
    source = lent(inked(0.9, 0.1, 0.2))
    shadow, front = source.tinted(1.0)
    assert torch.allclose(front, torch.lerp(source.ahead, front_colour(source.ahead, 1.0), 0.15))
    assert torch.allclose(shadow, torch.lerp(source.behind, shadow_colour(source.behind, 1.0), 0.5))
    assert float(front[0].min()) > 0.7
    assert float(front[1:].max()) < 0.35


def test_strokes_of_a_photograph_have_its_colours():
    rgb = coloured(line_art())
    sketch = sketch_of(rgb, line_art() < 0.5, own_colours=True)
    source = source_of(opaque(rgb), waves(128, 128), FEW, ContourRule("outlines"), sketch)
    ink, paint = sketch.colours(rgb, source.strokes.pixels)
    shadow, front = source.tinted(1.0)
    assert torch.equal(shadow, ink)
    assert float((front - paint).abs().max()) < 0.1


def test_strokes_come_from_where_the_field_is_known():
    known = torch.zeros(128, 128, dtype=torch.bool)
    known[:, :70] = True
    picture = opaque(coloured(line_art()))
    source = result_of(source_stages(picture, waves(128, 128), FEW, GLOBAL, None, known))
    assert source.strokes.count > 0
    assert int((source.strokes.pixels % 128).max()) < 70


def test_nothing_to_lend():
    source = colours_only(torch.rand(3, 5, 4))
    assert source.strokes.count == 0
    assert [t.shape for t in source.tinted(1.0)] == [(3, 0), (3, 0)]
