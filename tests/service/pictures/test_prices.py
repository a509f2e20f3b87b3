import pytest

from service.pictures.encode import FORMATS
from service.pictures.picture import Picture
from service.pictures.prices import FIXED_S, MARGIN, EncodePrices

MP = Picture(1000, 1000, 3, bytes(3_000_000))


def test_it_starts_from_a_measurement_of_every_format():
    prices = EncodePrices.measured()
    for as_format in FORMATS:
        assert FIXED_S < prices.price(as_format, 1_000_000) < 2.0


def test_the_price_grows_with_the_pixels():
    prices = EncodePrices({"png": 0.02})
    assert prices.price("png", 0) == FIXED_S
    assert prices.price("png", 12_000_000) == pytest.approx(FIXED_S + MARGIN * 0.24)


def test_slow_encodings_raise_the_price_faster_than_quick_ones_lower_it(
    monkeypatch: pytest.MonkeyPatch,
):
    def after(took_s: float) -> float:
        clock = iter((0.0, took_s))
        monkeypatch.setattr("service.pictures.prices.time.perf_counter", lambda: next(clock))
        prices = EncodePrices({"jpeg": 1.0})
        prices.encode(MP, "jpeg")
        return (prices.price("jpeg", 1_000_000) - FIXED_S) / MARGIN

    assert after(2.0) == pytest.approx(1.5)
    assert after(0.5) == pytest.approx(0.95)


def test_a_tiny_picture_says_little_about_the_rate(monkeypatch: pytest.MonkeyPatch):
    clock = iter((0.0, 0.004))
    monkeypatch.setattr("service.pictures.prices.time.perf_counter", lambda: next(clock))
    prices = EncodePrices({"jpeg": 0.01})
    prices.encode(Picture(1, 1, 3, bytes(3)), "jpeg")
    assert prices.price("jpeg", 1_000_000) < 0.03
