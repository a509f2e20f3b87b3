from collections.abc import Iterator
from functools import partial

import pytest
import torch

from worker.numerics.memory import Memory, OutOfMemory


class Device:
    """Has no memory for batches above a size; keeps what it has computed."""

    def __init__(self, fits: int) -> None:
        self.fits = fits
        self.asked: list[int] = []
        self.done: list[int] = []

    def work(self, memory: Memory, items: range, size: int) -> Iterator[list[int]]:
        for batch in memory.batches([i for i in items if i not in self.done], size):
            self.asked.append(len(batch))
            if len(batch) > self.fits:
                raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GiB.")
            self.done += batch
            yield batch


def run(memory: Memory, device: Device, items: range, size: int) -> list[list[int]]:
    return list(memory.retried(partial(device.work, memory, items, size)))


def test_with_enough_memory_every_batch_runs_once():
    memory, device = Memory(), Device(fits=8)
    assert run(memory, device, range(10), 4) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert (memory.retries, device.asked) == (0, [4, 4, 2])


@pytest.mark.parametrize("fits", [1, 2, 3, 5, 7])
def test_batches_are_halved_until_they_fit_and_nothing_is_lost(fits: int):
    memory, device = Memory(), Device(fits)
    yielded = run(memory, device, range(29), 13)
    assert [i for batch in yielded for i in batch] == list(range(29))  # each once, in order
    assert memory.retries == sum(size > fits for size in device.asked) > 0
    assert max(map(len, yielded)) > fits / 2 - 1  # no smaller than need be


def test_later_work_begins_at_the_size_that_was_seen_to_fit():
    memory, device = Memory(), Device(fits=4)
    run(memory, device, range(16), 16)
    retries = memory.retries
    run(memory, device, range(100, 140), 16)
    assert memory.retries == retries
    assert sorted(device.done) == [*range(16), *range(100, 140)]


def test_few_tiles_are_halved_from_their_number_and_not_from_the_size_of_a_batch():
    memory = Memory()
    run(memory, Device(fits=2), range(3), 1000)
    assert memory.retries == 1


def test_a_batch_of_one_that_does_not_fit_is_an_error_of_its_own():
    memory = Memory()
    with pytest.raises(OutOfMemory, match=r"^CUDA out of memory\.$") as caught:
        run(memory, Device(fits=0), range(4), 4)
    assert memory.retries == 3  # four tiles, two, one
    assert caught.value.__context__ is None  # no traceback that holds on to tensors


def test_work_that_knows_no_batches_is_not_tried_again():
    def work() -> Iterator[int]:
        raise torch.OutOfMemoryError("CUDA out of memory.")
        yield 0

    memory = Memory()
    with pytest.raises(OutOfMemory):
        list(memory.retried(work))
    assert memory.retries == 1


def test_other_errors_pass():
    def work() -> Iterator[int]:
        raise ValueError("something else")
        yield 0

    with pytest.raises(ValueError, match="something else"):
        list(Memory().retried(work))


def test_there_is_no_empty_batch():
    assert Memory().batches([], 4) == []
    assert Memory().batches([1, 2, 3], 0) == [[1], [2], [3]]
