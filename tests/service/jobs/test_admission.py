import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.admission import WORK_DEADLINES, Admission, Work
from service.problems import Busy, NotReady
from worker.wire.messages import Hello

HELLO = Hello(
    device="cpu", device_name="test", warning=None, shade_s_per_mp=2.0, field_s_per_mp=1.0
)


def work(seconds: float = 1.0, deadline: float = 10.0) -> Work:
    return Work("field", int(seconds * 1e6), 1, deadline)


def test_cost_counts_pixels_passes_and_the_kind():
    assert Work("shade", 500_000, 4, 10).cost_s(HELLO) == pytest.approx(6.0)
    assert Work("field", 500_000, 1, 10).cost_s(HELLO) == pytest.approx(0.5)
    assert Work("shade", 500_000, 4, 10, effort=3).cost_s(HELLO) == pytest.approx(10.0)


def test_a_source_costs_one_field():
    alone = Work("shade", 500_000, 4, 10, effort=3)
    both = Work("shade", 500_000, 4, 10, effort=3, source_pixels=2_000_000)
    assert both.cost_s(HELLO) - alone.cost_s(HELLO) == pytest.approx(6.0)


def test_outlines_are_looked_for_once_in_each_image_and_in_no_large_one():
    def extra(pixels: int, source: int) -> float:
        plain, outlined = (
            Work("shade", pixels, 4, 10, source_pixels=source, outlines=yes).cost_s(HELLO)
            for yes in (False, True)
        )
        return outlined - plain

    small = extra(100_000, 0)
    assert small == pytest.approx(2.5 * HELLO.field_s_per_mp * 0.1)
    assert extra(100_000, 100_000) == pytest.approx(2 * small)
    assert extra(50_000_000, 0) == pytest.approx(extra(1_000_000, 0))
    assert extra(1_000_000, 0) > small


def test_without_a_worker_nobody_gets_in():
    with pytest.raises(NotReady) as refused:
        Admission(8, 10).reserve(work(), None, 0)
    assert refused.value.retry_after


def test_the_quote_adds_up_what_is_ahead():
    admission = Admission(8, 10)
    assert admission.reserve(work(1), HELLO, 0).quote.seconds == pytest.approx(1)
    second = admission.reserve(work(2), HELLO, 0).quote
    assert (second.position, second.seconds) == (1, pytest.approx(3))


def test_the_quote_is_never_later_than_the_deadline():
    assert Admission(8, 10).reserve(work(100), HELLO, 0).quote.seconds == 10


def test_the_bound_by_count_holds_and_a_place_given_back_is_free():
    admission = Admission(2, 10)
    first = admission.reserve(work(), HELLO, 0)
    admission.reserve(work(), HELLO, 0)
    with pytest.raises(Busy):
        admission.reserve(work(), HELLO, 0)
    first.release()
    first.release()
    admission.reserve(work(), HELLO, 0)


def test_the_place_is_given_back_when_its_block_fails():
    admission = Admission(1, 10)
    with pytest.raises(ZeroDivisionError), admission.reserve(work(), HELLO, 0):
        raise ZeroDivisionError
    assert not admission.places


def test_the_bound_by_work_says_when_there_is_room_again():
    admission = Admission(1000, 10)
    for _ in range(int(WORK_DEADLINES)):
        admission.reserve(work(100), HELLO, 0)  # each the worker's whole time
    with pytest.raises(Busy) as refused:
        admission.reserve(work(3), HELLO, 0)
    assert refused.value.retry_after == 3
    admission.reserve(work(3), HELLO, 3.0)


def test_progress_makes_room():
    admission = Admission(1000, 10)
    places = [admission.reserve(work(10), HELLO, 0) for _ in range(int(WORK_DEADLINES))]
    places[0].progress(0.5)
    places[0].progress(0.1)  # a second run starts over, but not its deadline
    admission.reserve(work(5), HELLO, 0)


def test_alone_every_job_gets_in():
    Admission(1, 0.5).reserve(Work("shade", 10**9, 16, 3600), HELLO, 0)


@given(
    st.lists(
        st.tuples(st.integers(1, 50_000_000), st.integers(1, 16), st.floats(0.01, 10)), max_size=60
    ),
)
def test_the_bounds_hold_whatever_comes(jobs: list[tuple[int, int, float]]):
    admission = Admission(16, 10)
    refused = []
    for pixels, passes, deadline in jobs:
        work = Work("shade", pixels, passes, deadline)
        try:
            assert 0 <= admission.reserve(work, HELLO, 0).quote.seconds <= deadline
        except Busy as busy:
            refused.append(busy.retry_after or 0.0)
    assert all(1 <= wait_s <= 11 for wait_s in refused)
    assert len(admission.places) <= 16
    assert sum(each.left_s(0) for each in admission.places) <= WORK_DEADLINES * 10 + 1e-6
