"""Serves jobs to a connected service until it hangs up."""

import math

import structlog
import trio

from worker.engine import Engine
from worker.outbox import Outbox
from worker.runtime import resident_bytes
from worker.wire.channel import Channel
from worker.wire.framing import FrameDecoder, FrameError
from worker.wire.messages import Finished, Hello, Stats, Submit, ToWorker

STATS_S = 1.0
log = structlog.get_logger()


async def serve(
    stream: trio.abc.Stream, engine: Engine, hello: Hello, stats_s: float = STATS_S
) -> None:
    """Say hello and pass messages between one service and the engine until either side ends it.

    Every `stats_s` seconds it is told how the worker stands, if that has changed.
    """
    channel = Channel[ToWorker](stream, FrameDecoder(ToWorker))
    outbox = Outbox(channel)
    outbox.post(hello)
    try:
        async with channel, trio.open_nursery() as nursery:
            nursery.start_soon(outbox.run)
            nursery.start_soon(_tell_stats, engine, outbox, stats_s)
            async for message, payload in channel:
                _dispatch(message, payload, engine, outbox)
            nursery.cancel_scope.cancel()
    except* (FrameError, trio.BrokenResourceError, trio.ClosedResourceError) as group:
        log.warning("the connection broke", reason=str(group.exceptions[0]))
    except* trio.TooSlowError:
        log.warning("the service has stopped reading; the connection was closed")
    finally:
        outbox.close()
        engine.drop(outbox)


async def _tell_stats(engine: Engine, outbox: Outbox, every_s: float) -> None:
    began, last = engine.tally.counts, None
    while True:
        await trio.sleep(every_s)
        stats = Stats(
            counts=engine.tally.counts.since(began),
            resident_bytes=resident_bytes(),
            device_bytes=engine.device_bytes(),
        )
        if stats != last:
            outbox.post(stats)
            last = stats


def _dispatch(message: ToWorker, payload: bytes, engine: Engine, outbox: Outbox) -> None:
    if isinstance(message, Submit):
        problem = _problem_with(message, payload)
        if problem is None:
            engine.submit(outbox, message, payload)
        else:
            outbox.post(Finished(job=message.job, state="failed", reason=problem))
    else:
        engine.cancel(outbox, message.job)


def _problem_with(submit: Submit, payload: bytes) -> str | None:
    """Say what no run could cope with; ranges of the params are the service's to check."""
    if not math.isfinite(submit.budget_s):
        return f"a budget of {submit.budget_s} s"
    for shape in submit.shapes:
        if shape.width < 1 or shape.height < 1 or shape.channels not in (3, 4):
            return f"a picture of {shape.width} x {shape.height} x {shape.channels}"
    if submit.work_bytes < 0:
        return f"{submit.work_bytes} bytes of earlier work"
    if submit.arrays_bytes < 0:
        return f"{submit.arrays_bytes} bytes of arrays"
    expected = submit.input_bytes + submit.work_bytes
    if len(payload) != expected:
        return f"{len(payload)} bytes of input and work where {expected} were announced"
    return None
