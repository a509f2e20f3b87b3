import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from service.jobs.looking import WAIT_S, Looking
from service.problems import Busy


async def look(looking: Looking, caller: str, seen: list[str], leave: trio.Event) -> None:
    async with looking.turn(caller):
        seen.append(caller)
        await leave.wait()


async def test_who_asks_for_many_waits_for_itself():
    looking, seen, leave = Looking(at_once=2), [], trio.Event()
    with trio.fail_after(2):
        async with trio.open_nursery() as nursery:
            for caller in ("greedy", "greedy", "greedy", "modest"):
                nursery.start_soon(look, looking, caller, seen, leave)
            await wait_all_tasks_blocked()
            assert sorted(seen) == ["greedy", "modest"]
            leave.set()
    assert sorted(seen) == ["greedy"] * 3 + ["modest"]


async def test_the_next_turn_goes_to_who_has_waited_not_to_who_asks_again():
    looking, seen = Looking(at_once=1), []
    leave = [trio.Event() for _ in range(4)]
    with trio.fail_after(2):
        async with trio.open_nursery() as nursery:
            for caller, event in zip(("greedy", "greedy", "modest"), leave, strict=False):
                nursery.start_soon(look, looking, caller, seen, event)
                await wait_all_tasks_blocked()
            for event in leave:
                event.set()
    assert seen == ["greedy", "modest", "greedy"]


def test_a_turn_that_does_not_come_is_refused_and_gives_back_what_it_had():
    async def main() -> None:
        looking, leave = Looking(at_once=1), trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(look, looking, "first", [], leave)
            await wait_all_tasks_blocked()
            began = trio.current_time()
            with pytest.raises(Busy, match="for fewer at a time"):
                async with looking.turn("second"):
                    pass
            assert trio.current_time() - began == pytest.approx(WAIT_S)
            leave.set()
        async with looking.turn("second"):
            pass

    trio.run(main, clock=MockClock(autojump_threshold=0))
