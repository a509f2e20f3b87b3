import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.access.rates import MOST, Rates, is_loopback, neighbourhood


def test_a_burst_then_an_even_rate():
    rates = Rates(per_s=2.0, burst=3)
    assert [rates.take("a", now=0.0) for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    assert rates.take("b", now=0.0) == 0
    assert rates.take("a", now=0.25) == pytest.approx(0.25)
    assert rates.take("a", now=0.5) == 0
    assert rates.take("a", now=0.5) == pytest.approx(0.5)


def test_a_bucket_never_holds_more_than_its_burst():
    rates = Rates(per_s=1.0, burst=2)
    rates.take("a", now=0.0)
    assert [rates.take("a", now=1e6) > 0 for _ in range(3)] == [False, False, True]


@given(st.lists(st.floats(0, 2), max_size=200), st.floats(0.5, 50), st.integers(1, 20))
def test_nobody_gets_more_than_burst_and_rate(pauses: list[float], per_s: float, burst: int):
    rates, now, taken = Rates(per_s, burst), 0.0, 0
    for pause in pauses:
        now += pause
        taken += rates.take("a", now) == 0
    assert taken <= burst + per_s * now + 1e-6


def test_buckets_are_bounded_and_whoever_calls_keeps_his():
    rates = Rates(per_s=0.001, burst=1)
    assert rates.take("busy", now=0.0) == 0
    for number in range(2 * MOST):
        rates.take(str(number), now=0.0)
        assert rates.take("busy", now=0.0) > 0
    assert len(rates) == MOST


@pytest.mark.parametrize(
    ("address", "whose", "here"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::", True),
        ("::ffff:127.0.0.9", "127.0.0.9", True),
        ("::ffff:10.0.0.1", "10.0.0.1", False),
        ("10.0.0.1", "10.0.0.1", False),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", False),
        ("2001:db8:1:2::9", "2001:db8:1:2::", False),
        ("fe80::1%eth0", "fe80::", False),
        ("", "", False),
        ("unix:", "", False),
    ],
)
def test_whom_an_address_stands_for(address: str, whose: str, here: bool):
    assert neighbourhood(address) == whose
    assert is_loopback(address) is here
