import msgspec
import pytest
import trio
from trio.testing import MockClock

from tests.worker.sample_runs import (
    FLOOD_BYTES,
    HELLO,
    PIXELS,
    SampleRun,
    SampleRuns,
    connected,
    running,
    submit,
    until_finished,
)
from worker import outbox
from worker.engine import Engine
from worker.runs import Run
from worker.server import serve
from worker.wire.channel import Channel
from worker.wire.framing import FrameDecoder
from worker.wire.messages import Shape, Submit, ToService

CLOCK = MockClock(rate=1.0)  # the usual time, but for what the test leaps over


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"width": 3}, "12 bytes of input and work where 18 were announced"),
        ({"height": 1}, "12 bytes of input and work where 6 were announced"),
        ({"channels": 4}, "12 bytes of input and work where 16 were announced"),
        ({"channels": 12, "width": 1, "height": 1}, "a picture of 1 x 1 x 12"),
        ({"width": 0}, "a picture of 0 x 2 x 3"),
        ({"source": Shape(1, 1, 3)}, "12 bytes of input and work where 15 were announced"),
        ({"source": Shape(0, 9, 3)}, "a picture of 0 x 9 x 3"),
        ({"source": Shape(1, 1, 2)}, "a picture of 1 x 1 x 2"),
        ({"height": 1, "source": Shape(-1, -2, 3)}, "a picture of -1 x -2 x 3"),
        ({"width": -2, "height": -2}, "a picture of -2 x -2 x 3"),
        ({"budget_s": float("nan")}, "a budget of nan s"),
        ({"budget_s": float("inf")}, "a budget of inf s"),
    ],
)
async def test_a_submit_that_lies_fails(change: dict, reason: str):
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as service:
        await service.send(msgspec.structs.replace(submit("j-1"), **change), PIXELS)
        finished, _ = await until_finished(service, "j-1")
        assert (finished.state, finished.reason) == ("failed", reason)


async def test_garbage_ends_the_connection_and_nothing_else():
    engine = Engine(SampleRuns())
    near, far = (trio.SocketStream(sock) for sock in trio.socket.socketpair())
    async with running(engine):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, far, engine, HELLO)
            await near.send_all(b"GET / HTTP/1.1\r\n\r\n")
            while await near.receive_some():
                pass
            await near.aclose()
        async with connected(engine) as service:
            await service.send(submit("j-1"), PIXELS)
            assert (await until_finished(service, "j-1"))[0].state == "complete"


async def test_a_service_that_hangs_up_takes_its_jobs_along():
    built: list[SampleRun] = []

    def factory(message: Submit, pixels: bytes) -> Run:
        built.append(SampleRun(message, pixels))
        return built[-1]

    engine = Engine(SampleRuns(factory))
    async with running(engine):
        async with connected(engine) as service:
            await service.send(submit("endless-1000000"), PIXELS)
            await anext(service)
        # The second connection's job is alone on the device.
        async with connected(engine) as service:
            await service.send(submit("other-1"), PIXELS)
            await until_finished(service, "other-1")
            steps = built[0].done
            await service.send(submit("more-20"), PIXELS)
            await until_finished(service, "more-20")
        assert built[0].done == steps


async def test_two_services_may_use_the_same_ids():
    engine = Engine(SampleRuns())
    async with running(engine), connected(engine) as one, connected(engine) as two:
        await one.send(submit("j-2"), PIXELS)
        await two.send(submit("j-2"), PIXELS)
        for service in (one, two):
            assert (await until_finished(service, "j-2"))[0].state == "complete"


@pytest.mark.parametrize("anyio_backend", [pytest.param(("trio", {"clock": CLOCK}), id="clock")])
async def test_a_service_that_does_not_read_is_given_up_and_holds_nobody_up():
    built: dict[str, SampleRun] = {}

    def factory(message: Submit, pixels: bytes) -> Run:
        built[message.job] = SampleRun(message, pixels)
        return built[message.job]

    engine = Engine(SampleRuns(factory))
    near, far = (trio.SocketStream(sock) for sock in trio.socket.socketpair())
    stalled = Channel[ToService](near, FrameDecoder(ToService))
    async with stalled, running(engine), trio.open_nursery() as nursery:
        await stalled.send(submit("floods-1000000"), PIXELS)
        async with connected(engine) as fine:
            given_up = trio.Event()
            nursery.start_soon(serve_until, given_up, far, engine)
            await fine.send(submit("j-200"), PIXELS)
            assert (await until_finished(fine, "j-200"))[0].state == "complete"
            # What it may have under way is bounded, so it has stopped stepping.
            assert built["floods-1000000"].done <= outbox.ROOM / FLOOD_BYTES + 2
            CLOCK.jump(2 * outbox.PATIENCE_S)
            with trio.fail_after(20):
                await given_up.wait()


async def serve_until(ended: trio.Event, stream: trio.SocketStream, engine: Engine) -> None:
    await serve(stream, engine, HELLO)
    ended.set()
