import torch
from torch import Tensor

from worker.shader.transplant import Fragments
from worker.shader.voids import CROWDED, WINDOW, chosen, roomy


def fragments(*places: tuple[int, int, int]) -> Fragments:
    """One pixel at each (y, x, owner)."""
    y, x, owner = torch.tensor(places).T
    return Fragments(y, x, torch.rand(3, len(places)), owner)


def half_drawn() -> Tensor:
    """60 x 80, drawn upon all over in the right half."""
    drawn = torch.zeros(60, 80, dtype=torch.bool)
    drawn[:, 40:] = True
    return drawn


def test_strokes_stay_away_from_where_all_is_drawn_upon():
    keep = roomy(fragments((30, 10, 0), (30, 70, 1), (20, 12, 2), (21, 13, 2)), half_drawn(), 3)
    assert keep.tolist() == [True, False, True]


def test_it_is_the_mean_over_the_stroke_that_counts():
    mostly_free = [(30, x, 0) for x in range(20, 42)]
    mostly_drawn = [(30, x, 1) for x in range(36, 58)]
    assert roomy(fragments(*mostly_free, *mostly_drawn), half_drawn(), 2).tolist() == [True, False]


def test_the_limit_is_a_share_of_the_window():
    for count, expected in (
        (int(CROWDED * WINDOW**2), True),
        (int(CROWDED * WINDOW**2) + 1, False),
    ):
        drawn = torch.zeros(41, 41, dtype=torch.bool)
        window = torch.zeros(WINDOW * WINDOW, dtype=torch.bool)
        window[:count] = True
        drawn[12:29, 12:29] = window.reshape(WINDOW, WINDOW)
        assert roomy(fragments((20, 20, 0)), drawn, 1).tolist() == [expected]


def test_what_falls_beside_the_picture_does_not_count():
    beside = fragments((-1, 70, 0), (60, 70, 0), (30, -5, 0), (30, 80, 0), (30, 10, 0))
    assert roomy(beside, half_drawn(), 1).tolist() == [True]
    assert roomy(beside, half_drawn(), 2).tolist() == [True, True]  # the second has no pixel at all


def test_the_fragments_of_kept_strokes_are_left():
    some = fragments((1, 2, 0), (3, 4, 1), (5, 6, 1), (7, 8, 2))
    left = chosen(some, torch.tensor([True, False, True]))
    assert left.y.tolist() == [1, 7]
    assert left.x.tolist() == [2, 8]
    assert left.owner.tolist() == [0, 2]
    assert torch.equal(left.rgb, some.rgb[:, [0, 3]])
    assert len(chosen(some, torch.zeros(3, dtype=torch.bool)).y) == 0
