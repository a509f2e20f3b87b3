import numpy as np
import pytest

from tests.worker.sample_runs import (
    PIXELS,
    SampleRuns,
    connected,
    running,
    submit,
    until_finished,
)
from worker.arrays import CHUNK, chunks
from worker.engine import Engine
from worker.wire.messages import ArrayChunk, ArraysDone, Cancel, Finished


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3 << 20, dtype=np.float32).reshape(3, -1, 4),
        np.arange(64, dtype=np.int16).reshape(8, 8)[::2, ::3],
        np.array(["converged", "coarse"]),
        np.zeros((0, 4), np.int32),
        np.array(7.0),
    ],
)
def test_chunks_make_the_array_again(array: np.ndarray):
    pieces = list(chunks("j", "name", array))
    assert all(len(piece) <= CHUNK for _, piece in pieces)
    whole = bytearray(array.nbytes)
    for message, piece in pieces:
        whole[message.offset : message.offset + len(piece)] = piece
    message = pieces[0][0]
    again = np.frombuffer(whole, np.dtype(message.dtype)).reshape(message.shape)
    assert again.dtype == array.dtype
    assert np.array_equal(again, array)


async def test_arrays_follow_the_answer():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("arrays-1"), PIXELS)
        finished, _ = await until_finished(service, "arrays-1")
        assert finished.arrays
        sizes: dict[str, int] = {}
        async for message, payload in service:
            if isinstance(message, ArraysDone):
                break
            assert isinstance(message, ArrayChunk)
            sizes[message.name] = sizes.get(message.name, 0) + len(payload)
        assert sizes == {"vectors": 12 << 20, "tiles": 0, "status": 72}


async def test_arrays_do_not_hold_up_another_job():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("arrays-1"), PIXELS)
        await until_finished(service, "arrays-1")
        await service.send(submit("other-1"), PIXELS)
        seen = []
        while ArraysDone not in seen:
            seen.append(type((await anext(service))[0]))
        # Three of the chunks were under way already: two in the outbox, one on the socket.
        assert seen.index(Finished) < seen.index(ArraysDone)


async def test_a_cancel_stops_the_arrays():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("arrays-1"), PIXELS)
        await until_finished(service, "arrays-1")
        await service.send(Cancel(job="arrays-1"))
        assert (await until_finished(service, "arrays-1"))[0].state == "cancelled"


async def test_arrays_that_fail_are_closed_all_the_same():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("torn-1"), PIXELS)
        await until_finished(service, "torn-1")
        names = set()
        async for message, _ in service:
            if isinstance(message, ArraysDone):
                break
            names.add(message.name)
        assert names == {"vectors"}
