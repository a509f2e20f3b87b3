import trio
import trio.testing
from trio.testing import MockClock

from service.jobs.claims import Claims


async def held(claims: Claims, name: str, seconds: float, log: list[float]) -> None:
    async with claims.hold(name):
        log.append(trio.current_time())
        await trio.sleep(seconds)


def test_one_at_a_time_for_each_name():
    async def main() -> list[float]:
        claims, log = Claims(), []
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for name in "aabab":
                nursery.start_soon(held, claims, name, 1.0, log)
        assert not len(claims)
        return sorted(each - began for each in log)

    found = trio.run(main, clock=MockClock(autojump_threshold=0))
    assert [round(each) for each in found] == [0, 0, 1, 1, 2]


def test_who_is_cancelled_lets_go_and_who_waits_takes_nothing_along():
    async def main() -> None:
        claims, log = Claims(), []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(held, claims, "a", 10.0, log)
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(1):
                await held(claims, "a", 0.0, log)
            assert len(log) == 1
            nursery.cancel_scope.cancel()
        with trio.fail_after(1):
            await held(claims, "a", 0.0, log)
        assert len(log) == 2

    trio.run(main, clock=MockClock(autojump_threshold=0))
