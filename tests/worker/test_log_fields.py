"""What the worker logs names the request that it works for."""

import msgspec
import structlog
from structlog.testing import capture_logs

from tests.worker.sample_runs import (
    PIXELS,
    SampleRun,
    SampleRuns,
    connected,
    running,
    submit,
    until_finished,
)
from worker.engine import Engine
from worker.fibers import Fiber
from worker.wire.messages import Submit, Trace

TRACE = Trace(request_id="r-1", trace_id="a" * 32, span_id="b" * 16)
FIELDS = {"request_id": "r-1", "trace_id": "a" * 32, "span_id": "b" * 16}


async def test_a_failure_names_its_request():
    engine = Engine(SampleRuns())
    with capture_logs() as lines:
        async with running(engine), connected(engine) as service:
            for job in ("raises-1", "raises-2"):
                trace = TRACE if job == "raises-1" else None
                await service.send(msgspec.structs.replace(submit(job), trace=trace), PIXELS)
                await until_finished(service, job)
    told, untold = (line for line in lines if line["event"] == "a job failed")
    assert FIELDS.items() <= told.items()
    assert (untold["job"], "request_id" in untold) == ("raises-2", False)


async def test_so_does_what_is_logged_in_the_thread_of_the_device():
    seen: list[dict[str, str]] = []

    class Noting(SampleRun):
        def __init__(self, submit: Submit, pixels: bytes) -> None:
            super().__init__(submit, pixels)
            note = structlog.contextvars.get_contextvars
            seen.append(note())
            fiber = Fiber(lambda: seen.append(note()))
            while not fiber.resume(1.0):
                pass

    engine = Engine(SampleRuns(Noting))
    async with running(engine), connected(engine) as service:
        for job, trace in (("j-1", TRACE), ("j-2", None)):
            await service.send(msgspec.structs.replace(submit(job), trace=trace), PIXELS)
            await until_finished(service, job)
    assert seen[:2] == [{"job": "j-1"} | FIELDS] * 2
    assert seen[2:] == [{"job": "j-2"}] * 2
