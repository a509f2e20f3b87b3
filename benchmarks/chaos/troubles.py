"""What was wrong with the service, and when: it excuses what came of it, and nothing else."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import trio

Trouble: TypeAlias = Literal["no service", "no worker", "full disk"]
IDLE: tuple[Trouble, ...] = ("no service", "no worker")
SLOW = 0.25  # seconds of a run to a second without a service or its worker
TICK_S = 0.1


@dataclass(eq=False)
class Window:
    """One trouble from its beginning to its end, by trio's clock."""

    trouble: Trouble
    began: float
    ended: float = math.inf
    over: trio.Event = field(default_factory=trio.Event)


@dataclass(eq=False)
class Troubles:
    """All of them, in the order in which they began."""

    windows: list[Window] = field(default_factory=list)

    @contextmanager
    def during(self, trouble: Trouble) -> Iterator[None]:
        """Note that there is this trouble while the block runs."""
        window = Window(trouble, trio.current_time())
        self.windows.append(window)
        try:
            yield
        finally:
            window.ended = trio.current_time()
            window.over.set()

    def any(self, trouble: Trouble, since: float, until: float = math.inf) -> bool:
        """Whether there was this trouble at some moment of a time."""
        return any(
            each.trouble == trouble and each.began <= until and each.ended >= since
            for each in self.windows
        )

    def lasted(self) -> float:
        """Seconds so far in which there was none to take work."""
        now, seen, seconds = trio.current_time(), -math.inf, 0.0
        for each in self.windows:
            if each.trouble in IDLE:
                ended = min(each.ended, now)
                seconds += max(0.0, ended - max(each.began, seen))
                seen = max(seen, ended)
        return seconds

    async def wait_over(self, trouble: Trouble) -> None:
        """Return when there is no trouble of this kind."""
        for each in self.windows:
            if each.trouble == trouble:
                await each.over.wait()


@dataclass(eq=False)
class Clock:
    """The time of a run: it goes on slowly while there is nobody to take work."""

    troubles: Troubles
    began: float = field(default_factory=trio.current_time)

    def now(self) -> float:
        """Seconds since the beginning."""
        elapsed = trio.current_time() - self.began
        return elapsed - (1 - SLOW) * self.troubles.lasted()

    async def sleep_until(self, moment: float) -> None:
        """Return when it is so late."""
        while (left := moment - self.now()) > 0:
            await trio.sleep(min(left, TICK_S))
