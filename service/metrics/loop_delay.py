"""How late the event loop is: what a task that is due waits until it gets its turn."""

from collections.abc import Callable, Iterator

import trio

PERIOD_S = 0.01


async def sample(observe: Callable[[float], None]) -> None:
    """Observe the delay, in seconds, every 10 ms until cancelled.

    A loop that stands still for a second is late for all that came due meanwhile: 100 delays, from
    1 s down to nothing, not one.
    """
    due = trio.current_time()
    while True:
        await trio.sleep_until(due)
        for delay_s in delays(due, trio.current_time()):
            observe(delay_s)
            due += PERIOD_S


def delays(due: float, now: float) -> Iterator[float]:
    """The delay of each moment that came due from `due` to `now`, on one clock in seconds."""
    while due <= now:
        yield now - due
        due += PERIOD_S
