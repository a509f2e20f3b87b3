import pytest

from tests.worker.kinds.jobs import finish, random_pixels, shade_params, start
from worker.kinds.costs import HANDING_OVER, LEAST_PIXELS, MARGIN, SHADING, Price


def test_an_estimate_is_on_the_long_side():
    assert Price(1e-6).estimate(1000) == pytest.approx(MARGIN * 1e-3)
    assert Price(1e-6).estimate(0) == 0


def test_a_price_follows_what_is_measured():
    price = Price(1e-6)
    for _ in range(30):
        price.learn(5e-6 * LEAST_PIXELS, LEAST_PIXELS)
    assert price.s_per_pixel == pytest.approx(5e-6, rel=1e-3)


def test_one_outlier_does_not_decide():
    price = Price(1e-6)
    price.learn(1e-5 * LEAST_PIXELS, LEAST_PIXELS)
    assert 1e-6 < price.s_per_pixel < 1e-5


@pytest.mark.parametrize("side", [1, 40])
def test_a_small_picture_says_nothing_about_large_ones(side: int):
    before = SHADING.s_per_pixel, HANDING_OVER.s_per_pixel
    finish(start(random_pixels(side, side), shade_params(passes=3)))
    assert (SHADING.s_per_pixel, HANDING_OVER.s_per_pixel) == before
