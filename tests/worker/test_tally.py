"""What the engine counts, and how a service hears of it."""

import trio

from tests.worker.sample_runs import (
    PIXELS,
    SampleRuns,
    connected,
    gate,
    in_step,
    running,
    submit,
    until_finished,
)
from worker.engine import Engine
from worker.tally import Tally
from worker.turns import LONG_S
from worker.wire.channel import Channel
from worker.wire.messages import Certificate, Stats, Tiles, ToService


async def next_stats(service: Channel[ToService]) -> Stats:
    async for message, _ in service:
        if isinstance(message, Stats):
            return message
    raise AssertionError("the worker hung up")


async def test_batches_and_their_room():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("tiles-12"), PIXELS)
        await until_finished(service, "tiles-12")
    counts = engine.tally.counts  # the first turn makes the run, and does one tile of it
    assert (counts.batch_tiles, counts.batches, counts.batch_jobs) == (11, 3, 3)
    assert counts.batch_room == 15  # five tiles of 10 ms in each
    assert counts.turns >= 5  # and the first one, and that which concludes
    assert 0 < counts.busy_seconds < 5


async def test_a_turn_that_takes_too_long_is_an_overrun():
    gate.clear()
    in_step.clear()
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(submit("blocked-1"), PIXELS)
        await trio.to_thread.run_sync(in_step.wait)
        await trio.sleep(1.5 * LONG_S)
        gate.set()
        await until_finished(service, "blocked-1")
    assert engine.tally.counts.overruns >= 1


def test_tiles_that_are_through_are_counted_with_their_iterations():
    tally = Tally()
    certificates = [
        Certificate(0, 0, 8, 8, status, 0.01, 0.5, iterations)
        for status, iterations in (("converged", 3), ("refining", 5), ("degenerate", 7))
    ]
    message = Tiles(
        job="j",
        pass_index=1,
        done=2,
        total=3,
        pass_done=2,
        pass_total=3,
        certificates=certificates,
    )
    tally.told([(message, b""), (Stats(counts=tally.counts, resident_bytes=1), b"")])
    assert (tally.counts.tiles, tally.counts.iterations) == (2, 10)


async def test_a_service_hears_what_was_done_since_it_connected_and_only_news():
    engine = Engine(SampleRuns())
    async with running(engine):
        async with connected(engine) as service:
            await service.send(submit("j-3"), PIXELS)
            await until_finished(service, "j-3")
        async with connected(engine, stats_s=0.01) as service:
            idle = await next_stats(service)
            assert (idle.counts.turns, idle.device_bytes) == (0, None)
            assert idle.resident_bytes > 1 << 20
            await service.send(submit("j-5"), PIXELS)
            while (busy := await next_stats(service)).counts.turns < 5:
                pass
            assert busy.counts.turns < engine.tally.counts.turns
