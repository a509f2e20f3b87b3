from itertools import pairwise

import pytest
import torch

from worker.numerics.tiling import Tiling, blend, tile_image

CASES = [
    (512, 512, 64, 16),
    (100, 333, 64, 16),
    (65, 64, 64, 0),
    (97, 200, 96, 8),
    (49, 300, 48, 24),
]


@pytest.mark.parametrize(("height", "width", "tile", "overlap"), CASES)
def test_crops_and_blend_tile_by_tile(height: int, width: int, tile: int, overlap: int):
    tiling = tile_image(height, width, tile, overlap)
    h, w = tiling.tile_height, tiling.tile_width
    image = torch.rand(width, 3, height, generator=torch.manual_seed(0)).permute(1, 2, 0)
    chosen = everything(tiling)[::-2]
    crops = tiling.crop(image, chosen)
    values = torch.rand(tiling.count, 2, h * w, generator=torch.manual_seed(1))
    weights = torch.rand(tiling.count, generator=torch.manual_seed(2))
    total, weight = torch.zeros(2, height, width), torch.zeros(height, width)
    for t, (y, x) in enumerate(tiling.origins):
        if t in chosen:
            crop = image[:, y : y + h, x : x + w]
            assert torch.equal(crops[chosen.index(t)], crop)
        scaled = tiling.taper(image.device) * weights[t]
        total[:, y : y + h, x : x + w] += values[t].reshape(2, h, w) * scaled
        weight[y : y + h, x : x + w] += scaled
    torch.testing.assert_close(blend(tiling, values, weights), total / weight)


def everything(tiling: Tiling) -> list[int]:
    return list(range(tiling.count))


def test_512_by_512_makes_121_tiles():
    tiling = tile_image(512, 512, 64, 16)
    assert (tiling.count, tiling.columns) == (121, 11)
    assert tiling.lefts == (0, 48, 96, 144, 192, 240, 288, 336, 384, 432, 448)


@pytest.mark.parametrize(("height", "width", "tile", "overlap"), CASES)
def test_tiles_cover_the_image_and_sit_flush(height: int, width: int, tile: int, overlap: int):
    tiling = tile_image(height, width, tile, overlap)
    seen = torch.zeros(height, width, dtype=torch.bool)
    for y, x in tiling.origins:
        seen[y : y + tiling.tile_height, x : x + tiling.tile_width] = True
    assert bool(seen.all())
    assert tiling.origins[-1] == (height - tiling.tile_height, width - tiling.tile_width)
    steps = [b - a for a, b in pairwise(tiling.lefts)]
    assert all(0 < step <= tile - overlap for step in steps)
    assert len(set(tiling.origins)) == tiling.count


@pytest.mark.parametrize(
    ("height", "width", "tile_shape", "count"),
    [(1, 1, (1, 1), 1), (40, 30, (40, 30), 1), (64, 64, (64, 64), 1), (1, 300, (1, 64), 6)],
)
def test_an_image_smaller_than_a_tile_is_one_tile_of_its_own_size(
    height: int, width: int, tile_shape: tuple[int, int], count: int
):
    tiling = tile_image(height, width, 64, 16)
    assert (tiling.tile_height, tiling.tile_width) == tile_shape
    assert tiling.count == count


@pytest.mark.parametrize(("height", "width", "tile", "overlap"), CASES)
def test_the_blend_of_crops_is_the_image(height: int, width: int, tile: int, overlap: int):
    tiling = tile_image(height, width, tile, overlap)
    image = torch.rand(2, height, width, generator=torch.manual_seed(0))
    crops = tiling.crop(image, everything(tiling)).flatten(2)
    whole = blend(tiling, crops, torch.ones(tiling.count))
    torch.testing.assert_close(whole, image)
    factors = 0.1 + torch.rand(tiling.count, generator=torch.manual_seed(1))
    torch.testing.assert_close(blend(tiling, crops, factors), image)


def test_the_taper_falls_linearly_over_the_overlap():
    line = tile_image(64, 300, 64, 4).taper(torch.device("cpu"))[32]
    assert line[:6].tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert torch.equal(line, line.flip(0))


def test_across_an_overlap_one_tile_fades_into_the_other():
    tiling = tile_image(64, 112, 64, 16)
    values = torch.tensor([0.0, 1.0])[:, None, None].expand(2, 1, 64 * 64)
    line = blend(tiling, values, torch.ones(2))[0, 32]
    assert line[:48].abs().max() == 0
    assert bool((line[47:65].diff() > 0).all())
    assert bool((line[64:] == 1).all())


def test_nothing_where_no_tile_counts():
    tiling = tile_image(64, 300, 64, 16)
    values = torch.ones(tiling.count, 1, 64 * 64)
    weights = torch.ones(tiling.count)
    weights[[0, -1]] = 0
    field = blend(tiling, values, weights)[0]
    assert field[:, :48].abs().max() == 0
    assert bool((field[:, 48 : tiling.lefts[-2] + 64] == 1).all())
    assert field[:, tiling.lefts[-2] + 64 :].abs().max() == 0


@pytest.mark.parametrize("rows", [1, 24, 25, 70, 90])
def test_the_top_has_the_tiles_that_reach_into_it(rows: int):
    whole = tile_image(90, 100, 32, 8)
    top = whole.top(rows)
    assert top.origins == tuple(origin for origin in whole.origins if origin[0] < rows)
    assert rows <= top.height <= 90
    assert (top.width, top.lefts) == (whole.width, whole.lefts)
    assert whole.top(90) == whole


@pytest.mark.parametrize(
    ("height", "width", "tile"), [(1, 1, 16), (1, 90, 16), (70, 3, 16), (50, 61, 16), (90, 40, 64)]
)
def test_tiles_of_one_colour(height: int, width: int, tile: int):
    tiling = tile_image(height, width, tile, 4)
    generator = torch.Generator().manual_seed(height)
    spots = torch.rand(3, height, width, generator=generator) < 0.001
    image = torch.full((3, height, width), 0.3).where(~spots, 0.7)
    image[:, :, width // 2 :] += 0.1  # an edge, in some tiles on the border
    for tiles in (list(range(tiling.count)), list(range(tiling.count // 2, tiling.count))):
        rgb = tiling.crop(image, tiles).flatten(2)
        assert torch.equal(tiling.even(image, tiles), (rgb == rgb[:, :, :1]).all(2).all(1))
