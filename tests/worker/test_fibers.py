import gc
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress

import pytest
import torch
from torch import Tensor

from worker.fibers import Abandoned, Fiber
from worker.numerics.lanes import single_threaded
from worker.shader.stages import result_of


class Clock:
    """A second for every look at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def fiber(call: Callable[[], object], **options: object) -> Fiber[object]:
    return Fiber(call, clock=Clock(), **options)  # type: ignore[arg-type]


def fibers_alive() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fiber"]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert not fibers_alive()


def counted(done: list[int], count: int) -> Tensor:
    """So many operations, which are noted."""
    total = torch.zeros(())  # one more
    for number in range(count):
        total = total + number
        done.append(number)
    return total


def test_nothing_runs_before_it_is_resumed():
    done: list[int] = []
    f = fiber(lambda: done.append(1))
    assert not done
    assert f.resume(1)
    assert done == [1]


def test_it_pauses_between_operations_and_goes_on_where_it_was():
    done: list[int] = []
    f = fiber(lambda: counted(done, 10))
    # The clock is looked at when it is resumed, and before each operation.
    assert not f.resume(4)  # zeros and two sums
    assert done == [0, 1]
    assert not f.resume(4)  # the sum it paused at is not asked for the time again
    assert done == [0, 1, 2, 3, 4, 5]
    assert f.resume(100)
    assert f.result() == sum(range(10))


def test_with_no_time_at_all_it_gets_on_by_an_operation():
    done: list[int] = []
    f = fiber(lambda: counted(done, 3))
    seen = []
    while not f.resume(0):
        seen.append(len(done))
    assert seen == [0, 0, 1, 2]
    assert len(done) == 3


def test_methods_operators_and_functions_are_all_places_to_pause():
    a = torch.ones(4)
    calls: list[Callable[[], object]] = [
        lambda: a + a,
        lambda: a @ a,
        lambda: a.sum(),
        lambda: torch.sort(a),
        lambda: a[1:],
        lambda: a.__setitem__(0, 1.0),
        lambda: torch.nn.functional.pad(a, (1, 1)),
        lambda: torch.arange(3),
    ]
    for call in calls:
        f = fiber(call)
        assert not f.resume(0)
        assert f.resume(0)


def test_no_time_is_lost_without_operations():
    f = fiber(lambda: "short")
    assert f.resume(0)
    assert f.result() == "short"


def test_the_result_is_to_be_had_at_the_end_only():
    f = fiber(lambda: counted([], 2))
    f.resume(0)
    with pytest.raises(RuntimeError, match="not ended"):
        f.result()
    f.resume(100)
    assert f.result() == 1
    assert f.result() == 1
    assert f.resume(0)


def test_what_it_raises_is_raised_where_the_result_is_asked_for():
    def call() -> Tensor:
        return torch.zeros(3) + torch.zeros(4)

    f = fiber(call)
    while not f.resume(0):
        pass
    with pytest.raises(RuntimeError, match="must match"):
        f.result()
    with pytest.raises(RuntimeError, match="must match"):
        f.result()


def test_the_traceback_says_where_it_went_wrong():
    def the_culprit() -> None:
        raise ValueError("of the call")

    f = fiber(the_culprit)
    f.resume(0)
    with pytest.raises(ValueError, match="of the call") as caught:
        f.result()
    assert "the_culprit" in [entry.name for entry in caught.traceback]


def test_what_entering_raises_is_an_error_of_the_call():
    @contextmanager
    def entered() -> Iterator[None]:
        raise ValueError("not today")
        yield

    f = fiber(lambda: 1, entered=entered)
    assert f.resume(1)
    with pytest.raises(ValueError, match="not today"):
        f.result()


def test_abandoning_goes_through_finally_without_a_pause():
    log = []

    def call() -> None:
        try:
            counted([], 10)
        finally:
            log.append(float(counted([], 5)))

    f = fiber(call)
    f.resume(3)
    assert fibers_alive()
    f.abandon()
    assert log == [10.0]
    assert not fibers_alive()
    with pytest.raises(Abandoned):
        f.result()
    assert f.resume(1)


def test_abandoning_is_no_exception_that_a_call_handles():
    def call() -> str:
        try:
            counted([], 10)
        except Exception:
            return "handled"
        return "done"

    f = fiber(call)
    f.resume(3)
    f.abandon()
    with pytest.raises(Abandoned):
        f.result()


def test_abandoned_before_it_began_it_never_runs():
    done: list[int] = []
    f = fiber(lambda: done.append(1))
    f.abandon()
    assert f.resume(1)
    assert not done
    with pytest.raises(Abandoned):
        f.result()


def test_abandoning_what_has_ended_changes_nothing():
    f = fiber(lambda: "there")
    f.resume(1)
    f.abandon()
    assert f.result() == "there"


def test_an_abandoned_call_that_keeps_its_own_result_is_heard():
    def call() -> str:
        try:
            counted([], 10)
        except Abandoned:
            return "as far as it was"
        return "all"

    f = fiber(call)
    f.resume(3)
    f.abandon()
    assert f.result() == "as far as it was"


@pytest.mark.parametrize("how", ["ended", "abandoned", "raised"])
def test_no_tensor_outlives_the_fiber(how: str):
    kept: list[weakref.ref[Tensor]] = []

    def call() -> None:
        large = torch.zeros(3)
        kept.append(weakref.ref(large))
        counted([], 10)
        if how == "raised":
            raise ValueError

    f = fiber(call)
    gc.disable()  # without waiting for it
    try:
        f.resume(4 if how == "abandoned" else 100)
        f.abandon()
        if how != "ended":
            with suppress(Abandoned, ValueError):
                f.result()
        if how == "abandoned":
            assert kept[0]() is None
        del f
        assert kept[0]() is None
    finally:
        gc.enable()


def test_a_call_is_let_go_at_its_end():
    class Call:
        def __call__(self) -> int:
            return 1

    call = Call()
    gone = weakref.ref(call)
    f = fiber(call)
    del call
    f.resume(1)
    assert gone() is None
    assert f.result() == 1


def test_what_is_entered_holds_in_the_call_and_nowhere_else():
    def call() -> list[bool]:
        return [torch.zeros(1).is_inference() for _ in range(3)]

    f = fiber(call, entered=torch.inference_mode)
    while not f.resume(0):
        assert not torch.is_inference_mode_enabled()
        assert not torch.zeros(1).is_inference()
    assert f.result() == [True] * 3


def test_the_callers_modes_are_not_the_calls():
    with torch.inference_mode():
        f = fiber(lambda: torch.zeros(1).is_inference())
        f.resume(100)
        assert torch.is_inference_mode_enabled()
    assert f.result() is False


def threads_of_a_new_thread() -> int:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return seen[0]


@pytest.fixture
def _three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_three_threads")
def test_a_pause_with_one_thread_leaves_the_others_theirs():
    def call() -> list[int]:
        before = torch.get_num_threads()
        with single_threaded():
            counted([], 5)
            within = torch.get_num_threads()
        return [before, within, torch.get_num_threads()]

    f = fiber(call)
    while not f.resume(0):
        assert torch.get_num_threads() == 3
        assert threads_of_a_new_thread() == 3
    assert f.result() == [3, 1, 3]


@pytest.mark.usefixtures("_three_threads")
def test_a_call_has_as_many_threads_as_its_caller():
    other = threading.Thread(target=torch.set_num_threads, args=(2,))  # the latest to say so
    other.start()
    other.join()
    f = fiber(torch.get_num_threads)
    f.resume(1)
    assert f.result() == 3


@pytest.mark.usefixtures("_three_threads")
def test_an_abandoned_call_with_one_thread_leaves_no_trace():
    def call() -> None:
        with single_threaded():
            counted([], 5)

    f = fiber(call)
    f.resume(4)
    f.abandon()
    assert torch.get_num_threads() == 3
    assert threads_of_a_new_thread() == 3


def test_generators_pause_anywhere():
    closed = []

    def inner() -> Generator[None, None, Tensor]:
        try:
            total = torch.zeros(())
            for number in range(3):
                total = total + number
                yield
            return total
        finally:
            closed.append("inner")

    def outer() -> Generator[None, None, Tensor]:
        try:
            first = yield from inner()
            second = yield from inner()
            return first + second
        finally:
            closed.append("outer")

    f = fiber(lambda: result_of(outer()))
    turns = 0
    while not f.resume(0):
        turns += 1
    assert turns == 9
    assert f.result() == 6
    assert closed == ["inner", "inner", "outer"]
    closed.clear()
    f = fiber(lambda: result_of(outer()))
    f.resume(3)
    f.abandon()
    assert closed == ["inner", "outer"]


def test_a_generator_is_shared_by_fibers_and_their_caller():
    def stages() -> Iterator[Tensor]:
        total = torch.zeros(())
        while True:
            total = total + 1
            yield total

    them = stages()
    f = fiber(lambda: next(them))
    while not f.resume(0):
        pass
    assert f.result() == 1
    assert next(them) == 2


def test_other_work_goes_on_while_one_is_paused():
    done: list[int] = []
    f = fiber(lambda: counted(done, 5))
    f.resume(3)
    before = len(done)
    # The clock of the fiber does not see what others do, nor do they pause.
    assert counted([], 100) == 4950
    assert len(done) == before
    g = fiber(lambda: counted([], 7))
    while not f.resume(0) or not g.resume(0):
        pass
    assert (f.result(), g.result()) == (10, 21)


def test_a_fiber_within_a_fiber():
    def call() -> list[object]:
        inner = fiber(lambda: counted([], 3))
        turns = []
        while not inner.resume(0):
            turns.append(torch.zeros(()))
        return [len(turns), inner.result()]

    f = fiber(call)
    while not f.resume(0):
        pass
    assert f.result() == [4, 3]


def test_it_can_be_resumed_from_another_thread_each_time():
    f = fiber(lambda: counted([], 5))
    ended: list[bool] = []
    while not any(ended):
        thread = threading.Thread(target=lambda: ended.append(f.resume(0)))
        thread.start()
        thread.join()
    assert f.result() == 10


def test_paused_or_not_the_bytes_are_the_same():
    def call() -> Tensor:
        a = torch.arange(200.0).reshape(10, 20).sin()
        return (a @ a.T).softmax(1).cumsum(0).sort(1).values

    f = fiber(call)
    while not f.resume(0):
        pass
    result = f.result()
    assert isinstance(result, Tensor)
    assert torch.equal(result, call())
