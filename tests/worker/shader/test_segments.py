import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import skimage.measure
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from scipy.spatial.distance import cdist
from torch.utils._python_dispatch import TorchDispatchMode

from tests.worker.shader.drawings import generator, noise
from worker.shader.segments import (
    Segments,
    components,
    find_segments,
    match,
    segment_mean,
    signatures,
)

Mask = npt.NDArray[np.bool_]
EIGHT = np.ones((3, 3))


def random_mask(height: int, width: int, density: float, seed: int = 0) -> Mask:
    return generator(seed).random((height, width)) < density


def spiral(side: int) -> Mask:
    """One line of a pixel that winds inwards with a gap of a pixel."""
    mask = np.zeros((side, side), bool)
    y, x, dy, dx = 0, 0, 0, 1
    mask[0, 0] = True
    stuck = 0
    while stuck < 2:
        ahead, beyond = (y + dy, x + dx), (y + 2 * dy, x + 2 * dx)
        free = all(0 <= c < side for c in ahead)
        if free and not (all(0 <= c < side for c in beyond) and mask[beyond]):
            y, x = ahead
            mask[y, x] = True
            stuck = 0
        else:
            dy, dx = dx, -dy
            stuck += 1
    return mask


MASKS = {
    "empty": np.zeros((7, 9), bool),
    "full": np.ones((23, 31), bool),
    "pixel": np.ones((1, 1), bool),
    "no pixel": np.zeros((1, 1), bool),
    "row": random_mask(1, 300, 0.7),
    "column": random_mask(300, 1, 0.7),
    "sparse": random_mask(60, 70, 0.1),
    "critical": random_mask(150, 130, 0.4),  # where components are longest and most ragged
    "dense": random_mask(60, 70, 0.8),
    "checkerboard": np.indices((20, 20)).sum(0) % 2 == 0,
    "spiral": spiral(61),
    "turned spiral": spiral(61)[::-1, ::-1].copy(),
    "stripes": np.arange(40)[:, None] % 2 + np.zeros((1, 50), int) == 0,
}


def expected_labels(mask: Mask) -> npt.NDArray[Any]:
    """Per mask pixel the position of its component's first pixel, by scipy."""
    labels = ndimage.label(mask, EIGHT)[0][mask]
    first = np.unique(labels, return_index=True)[1]
    return first[labels - 1] if len(labels) else labels


@pytest.mark.parametrize("name", MASKS)
def test_components_are_those_of_scipy(name: str):
    mask = MASKS[name]
    pixels, label = components(torch.from_numpy(mask))
    assert_array_equal(pixels, np.flatnonzero(mask))
    assert_array_equal(label, expected_labels(mask))


ANY = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.booleans())


@given(ANY)
def test_components_of_any_mask(mask: Mask):
    pixels, label = components(torch.from_numpy(mask))
    assert_array_equal(pixels, np.flatnonzero(mask))
    assert_array_equal(label, expected_labels(mask))


@pytest.mark.parametrize("density", [0.1, 0.3, 0.4, 0.5, 0.6, 0.9])
@pytest.mark.parametrize("shape", [(97, 101), (1, 500), (500, 1), (2, 300), (300, 2)])
def test_components_of_noise(shape: tuple[int, int], density: float):
    mask = random_mask(*shape, density, seed=3)
    assert_array_equal(components(torch.from_numpy(mask))[1], expected_labels(mask))


class Rounds(TorchDispatchMode):
    """Counts comparisons of whole tensors: one for every time that paths are shortened."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten.equal.default
        return func(*args, **(kwargs or {}))


def comb(teeth: int, length: int) -> Mask:
    """Teeth that meet at the bottom: every one begins as a component of its own."""
    mask = np.zeros((length, 2 * teeth), bool)
    mask[:, ::2] = mask[-1] = True
    return mask


@pytest.mark.parametrize(
    "mask",
    [spiral(121), random_mask(200, 200, 0.4), comb(100, 80), np.eye(300, dtype=bool)[::-1].copy()],
    ids=["spiral", "noise", "comb", "slope"],
)
def test_components_take_a_logarithm_of_rounds(mask: Mask):
    with Rounds() as rounds:
        _, label = components(torch.from_numpy(mask))
    assert_array_equal(label, expected_labels(mask))
    assert 1 < rounds.count <= math.log2(mask.sum()) + 2


def regions(mask: Mask, least: int, most: int) -> list[Any]:
    found = skimage.measure.regionprops(skimage.measure.label(mask, connectivity=2))
    width = mask.shape[1]
    large = [r for r in found if r.area >= least]
    return sorted(large, key=lambda r: (-r.area, min(r.coords @ (width, 1))))[:most]


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize(("least", "most"), [(1, 1000), (4, 10)])
def test_sizes_centres_extents_and_order(name: str, least: int, most: int):
    mask = MASKS[name]
    segments = find_segments(torch.from_numpy(mask), least, most, 1000)
    expected = regions(mask, least, most)
    assert segments.count == len(expected)
    assert_array_equal(segments.size, [r.area for r in expected])
    if expected:
        assert_allclose(segments.centre, [r.centroid for r in expected], rtol=1e-6)
        boxes = np.array([r.bbox for r in expected])
        assert_array_equal(segments.extent, boxes[:, 2:] - boxes[:, :2])
    for s, region in enumerate(expected):
        own = pixels_of(segments, s)
        assert_array_equal(np.sort(own), np.sort(region.coords @ (mask.shape[1], 1)))


def pixels_of(segments: Segments, s: int) -> npt.NDArray[Any]:
    """Also checks that `start`, `size` and `owner` say the same."""
    start = int(segments.start[s])
    own = segments.pixels[start : start + int(segments.size[s])]
    assert torch.equal(own, segments.pixels[segments.owner == s])
    return own.numpy()


@pytest.mark.parametrize("bound", [8, 13, 64])
@pytest.mark.parametrize("name", ["full", "critical", "spiral", "row", "dense"])
def test_no_segment_exceeds_the_bound_and_no_pixel_is_lost(name: str, bound: int):
    mask = MASKS[name]
    segments = find_segments(torch.from_numpy(mask), 1, 10**6, bound)
    assert float(segments.extent.max()) <= bound
    assert_array_equal(np.sort(segments.pixels), np.flatnonzero(mask))
    owner = np.empty(mask.shape, int)
    owner.flat[segments.pixels] = segments.owner
    labels = ndimage.label(mask, EIGHT)[0]
    for s in range(segments.count):  # a segment never joins two components
        assert len(np.unique(labels.flat[pixels_of(segments, s)])) == 1
    boxes = ndimage.find_objects(labels)
    for number, box in enumerate(boxes, 1):  # and one that fits is not cut
        if max(s.stop - s.start for s in box) <= bound:
            assert len(np.unique(owner[labels == number])) == 1


def cut(mask: Mask, bound: int) -> list[list[int]]:
    """The parts of all components by a grid of `bound` from each one's corner, in their order."""
    parts = []
    labels, count = ndimage.label(mask, EIGHT)
    for number in range(1, count + 1):
        y, x = np.nonzero(labels == number)
        rows, columns = (y - y.min()) // bound, (x - x.min()) // bound
        for row, column in {*zip(rows.tolist(), columns.tolist(), strict=True)}:
            here = (rows == row) & (columns == column)
            parts.append((y[here] * mask.shape[1] + x[here]).tolist())
    return sorted(parts, key=lambda part: (-len(part), part[0]))


@given(ANY, st.integers(1, 3), st.integers(1, 8), st.integers(2, 14))
def test_segments_of_any_mask(mask: Mask, least: int, most: int, bound: int):
    segments = find_segments(torch.from_numpy(mask), least, most, bound)
    found = [pixels_of(segments, s).tolist() for s in range(segments.count)]
    assert found == [part for part in cut(mask, bound) if len(part) >= least][:most]


@pytest.mark.parametrize("name", ["full", "critical", "spiral", "row"])
def test_parts_are_cut_along_a_grid(name: str):
    mask = MASKS[name]
    segments = find_segments(torch.from_numpy(mask), 3, 10**6, 13)
    found = [pixels_of(segments, s).tolist() for s in range(segments.count)]
    assert found == [part for part in cut(mask, 13) if len(part) >= 3]


def test_equal_sizes_come_in_raster_order():
    mask = torch.zeros(9, 9, dtype=torch.bool)
    mask[::3, ::3] = True
    segments = find_segments(mask, 1, 100, 8)
    assert_array_equal(segments.pixels, np.flatnonzero(mask.numpy()))


@pytest.mark.parametrize("most", [0, 1, 5, 10**6])
def test_the_largest_are_the_first(most: int):
    everything = find_segments(torch.from_numpy(MASKS["sparse"]), 2, 1000, 32)
    largest = everything.largest(most)
    assert largest.count == min(most, everything.count)
    assert torch.equal(largest.size, everything.size[:most])
    assert len(largest.pixels) == len(largest.owner) == int(largest.size.sum())
    for s in range(largest.count):
        assert_array_equal(pixels_of(largest, s), pixels_of(everything, s))


def test_means_and_signatures():
    mask, field = MASKS["sparse"], noise(60, 70)
    segments = find_segments(torch.from_numpy(mask), 3, 1000, 32)
    values = [
        field.flatten().double().numpy()[pixels_of(segments, s)] for s in range(segments.count)
    ]
    assert_allclose(segment_mean(field.flatten(), segments), [v.mean() for v in values])
    height, width = segments.extent.double().numpy().T
    raw = np.array(
        [
            [v.mean(), v.std(), np.log(len(v) + 1), w / h]
            for v, h, w in zip(values, height, width, strict=True)
        ]
    )
    expected = (raw - raw.mean(0)) / raw.std(0)
    assert_allclose(signatures(field, segments), expected, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e6])
def test_signatures_are_independent_of_the_order_to_the_last_bit(scale: float):
    """As if a device had added in another order."""
    segments = find_segments(torch.from_numpy(MASKS["sparse"]), 3, 1000, 32)
    field = (noise(60, 70) - 0.3) * scale
    described = signatures(field, segments)
    mean = segment_mean(field.flatten(), segments)
    for seed in range(4):
        order = noise(len(segments.pixels), seed=seed).argsort()
        order = order[segments.owner[order].argsort(stable=True)]  # within each segment
        shuffled = replace(segments, pixels=segments.pixels[order])
        assert not torch.equal(shuffled.pixels, segments.pixels)
        assert torch.equal(signatures(field, shuffled), described)
        assert torch.equal(segment_mean(field.flatten(), shuffled), mean)


def test_means_are_exact_beside_others_of_any_size():
    mask = torch.zeros(6, 30, dtype=torch.bool)
    mask[:, 0:5] = mask[:, 10:15] = mask[:, 20:25] = True
    field = noise(6, 30).double() * torch.tensor([1e-20, 1.0, 1e20]).repeat_interleave(10)
    segments = find_segments(mask, 1, 10, 64)
    expected = [field.flatten().numpy()[pixels_of(segments, s)].mean() for s in range(3)]
    assert_allclose(segment_mean(field.flatten(), segments), expected, rtol=1e-12)


@pytest.mark.parametrize("mask", [np.zeros((5, 5), bool), np.ones((5, 5), bool)])
def test_signatures_of_none_and_of_one(mask: Mask):
    segments = find_segments(torch.from_numpy(mask), 1, 10, 8)
    described = signatures(noise(5, 5), segments)
    assert described.shape == (segments.count, 4)
    assert not described.any()


@pytest.mark.parametrize(("targets", "sources"), [(1, 1), (7, 20), (20, 7)])
def test_match_is_the_nearest_of_all(targets: int, sources: int):
    target, source = noise(targets, 4), noise(sources, 4, seed=2)
    expected = cdist(target.numpy(), source.numpy()).argmin(1)
    assert_array_equal(match(target, source, same=False), expected)


@pytest.mark.parametrize(("targets", "sources"), [(2, 2), (7, 7), (7, 14)])
def test_a_segment_never_matches_itself_when_there_is_another(targets: int, sources: int):
    source = noise(sources, 4)
    matched = match(source[:targets], source, same=True)
    distance = cdist(source[:targets].numpy(), source.numpy())
    np.fill_diagonal(distance, np.inf)
    assert_array_equal(matched, distance.argmin(1))
    assert not (matched == torch.arange(targets)).any()


def test_a_segment_on_its_own_matches_itself():
    one = noise(1, 4)
    assert match(one, one, same=True).tolist() == [0]


def test_what_differs_by_rounding_alone_is_a_tie():
    target = torch.zeros(1, 4, dtype=torch.float64)
    source = torch.tensor([[2.0], [1 + 1e-12], [1.0]], dtype=torch.float64).expand(-1, 4)
    assert match(target, source, same=False).tolist() == [1]


def test_ties_go_to_the_lower_index():
    same = torch.zeros(5, 4)
    assert match(same, same, same=True).tolist() == [1, 0, 0, 0, 0]
    assert match(same, same, same=False).tolist() == [0] * 5
