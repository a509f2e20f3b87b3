import pytest
import trio
from trio.testing import MockClock

from service.metrics.loop_delay import PERIOD_S, delays, sample


def test_a_stall_is_a_delay_of_everything_that_came_due_in_it():
    assert list(delays(1.0, 0.99)) == []
    assert list(delays(1.0, 1.004)) == [pytest.approx(0.004)]
    assert list(delays(1.0, 1.025)) == [
        pytest.approx(late, abs=1e-9) for late in (0.025, 0.015, 0.005)
    ]


async def test_a_loop_that_is_on_time_is_seen_to_be(autojump_clock: MockClock):
    seen: list[float] = []
    with trio.move_on_after(10 * PERIOD_S + 0.001):
        await sample(seen.append)
    assert len(seen) == 11
    assert max(seen) < 1e-6


@pytest.fixture
def autojump_clock() -> MockClock:
    return MockClock(autojump_threshold=0)


@pytest.fixture
def anyio_backend(autojump_clock: MockClock) -> tuple[str, dict[str, MockClock]]:
    return "trio", {"clock": autojump_clock}
