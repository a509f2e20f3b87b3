"""The worker as a process, without torch."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

import worker
from tests.worker.sample_runs import (
    HANGS,
    HELLO,
    PIXELS,
    Reports,
    SampleRuns,
    submit,
    until_finished,
)
from worker.engine import Engine
from worker.listening import open_listeners
from worker.server import serve
from worker.wire.address import TcpAddress, UnixAddress
from worker.wire.channel import Channel
from worker.wire.framing import FrameDecoder
from worker.wire.messages import Hello, Started, ToService

ROOT = Path(worker.__file__).parents[1]


@asynccontextmanager
async def spawned(mode: str = "normal") -> AsyncIterator[tuple[trio.Process, Channel[ToService]]]:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.worker.sample_worker", mode, "--fd"]
    with theirs:
        process = await trio.lowlevel.open_process(
            [*command, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    try:
        async with Reports(stream, FrameDecoder(ToService)) as channel:
            with trio.fail_after(60):
                yield process, channel
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


async def test_a_child_says_hello_works_and_ends_with_its_service():
    async with spawned() as (process, service):
        assert isinstance((await anext(service))[0], Hello)
        await service.send(submit("j-3"), PIXELS)
        assert (await until_finished(service, "j-3"))[0].state == "complete"
        await service.send(submit("endless-1000000"), PIXELS)
        assert (await anext(service))[0] == Started(job="endless-1000000")
        await service.aclose()
        assert await process.wait() == 0


async def test_a_child_ends_even_when_its_device_hangs():
    async with spawned() as (process, service):
        await anext(service)
        assert process.stdout is not None
        await service.send(submit("hangs-3"), PIXELS)
        # "started" is said before its turn: a worker that is left until then ends well.
        assert HANGS in (await process.stdout.receive_some()).decode()
        await service.aclose()
        assert await process.wait() == 1


async def test_signals_that_are_for_its_service_do_not_end_a_child():
    async with spawned() as (process, service):
        await anext(service)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        await service.send(submit("j-3"), PIXELS)
        assert (await until_finished(service, "j-3"))[0].state == "complete"
        await service.aclose()
        assert await process.wait() == 0


def test_no_device_no_worker():
    done = subprocess.run(
        [sys.executable, "-m", "worker", "--listen", "unix:/tmp/never", "--device", "cuda"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        timeout=60,
    )
    assert done.returncode == 78
    assert done.stdout == ""
    assert done.stderr.startswith("itten worker: CUDA was asked for but does not work: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("options", [[], ["--listen", "nowhere"], ["--fd", "3", "--device", "tpu"]])
def test_wrong_options_are_refused_without_loading_torch(options: list[str]):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "worker", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "usage: itten worker" in done.stderr
    assert " torch" not in done.stderr


async def test_listening_on_a_unix_socket_replaces_a_stale_one_only(tmp_path: Path):
    address = UnixAddress(str(tmp_path / "worker.sock"))
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(address.path)
    (listener,) = await open_listeners([address])
    with pytest.raises(OSError, match="in use"):
        await open_listeners([address])
    engine = Engine(SampleRuns())
    async with listener, trio.open_nursery() as nursery:
        nursery.start_soon(engine.run)
        nursery.start_soon(trio.serve_listeners, lambda s: serve(s, engine, HELLO), [listener])
        stream = await trio.open_unix_socket(address.path)
        async with Channel[ToService](stream, FrameDecoder(ToService)) as service:
            assert (await anext(service))[0] == HELLO
        nursery.cancel_scope.cancel()


async def test_a_file_in_the_place_of_the_socket_is_left_alone(tmp_path: Path):
    path = tmp_path / "precious"
    path.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        await open_listeners([UnixAddress(str(path))])
    assert path.read_text() == "mine"


async def test_listening_on_tcp():
    listeners = await open_listeners([TcpAddress("127.0.0.1", 0)])
    assert listeners[0].socket.getsockname()[1] > 0
    for listener in listeners:
        await listener.aclose()
