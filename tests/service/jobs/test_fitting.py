"""Whether work fits into the time of one worker."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.jobs.fitting import STEP_S, _after, _fits, fair_share, first_fit

Amounts = list[tuple[float, float]]
AMOUNTS = st.lists(st.tuples(st.floats(0, 20), st.floats(0, 10)), max_size=8)


@given(time_s=st.floats(0, 100), others=st.lists(st.floats(0, 50), max_size=8))
def test_a_fair_share_uses_the_time_and_no_more(time_s: float, others: list[float]):
    share = fair_share(time_s, others)
    assert share + sum(min(each, share) for each in others) == pytest.approx(time_s)


def test_the_first_fit_waits_for_what_is_in_the_way():
    assert first_fit([], (1.0, 1.0)) == 0
    assert first_fit([(2.0, 2.0)], (3.0, 1.0)) == 0
    assert first_fit([(2.0, 2.0)], (2.0, 1.0)) == pytest.approx(1.0)


@given(taken=AMOUNTS, until=st.floats(0.01, 20), share=st.floats(0, 1))
def test_no_earlier_step_fits_and_every_later_one_does(taken: Amounts, until: float, share: float):
    assume(_fits(taken))
    new = until, share * until
    wait_s = first_fit(taken, new)
    last = 1 + int(max((due for due, _ in taken), default=0) / STEP_S)
    for step in range(last + 1):
        fits = _fits([*_after(sorted(taken), step * STEP_S), new])
        assert fits == (step * STEP_S >= wait_s - 1e-6)
