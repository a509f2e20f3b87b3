"""The end of the service: whatever is attached to it, what runs is answered, and in time."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import trio
from httpx_ws import WebSocketDisconnect, aconnect_ws

from tests.e2e.pictures import noise, packed, photograph
from tests.e2e.served import (
    LONG_S,
    PATIENCE_S,
    PATIENT,
    Served,
    descendants,
    held,
    served,
    standing_worker,
    until,
    until_gone,
)
from tests.service.live import read_answer, upgrade

pytestmark = pytest.mark.long

SMALL = {"target": ("p.png", packed(photograph(64, 48)))}
ASYNC = {"Prefer": "respond-async"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_runs_at_the_end_is_answered(tmp_path: Path, workers: str, number: int):
    with (
        held(workers),
        served(tmp_path, ITTEN_WORKERS=workers, ITTEN_MAX_DEADLINE_S="3") as service,
    ):
        service.wait_ready()
        children = descendants(service.process.pid)
        async with httpx.AsyncClient(base_url=service.url, timeout=PATIENCE_S) as client:
            watched = (await client.post("/shade", files=SMALL, headers=ASYNC)).headers["location"]
            async with trio.open_nursery() as nursery:

                @nursery.start_soon
                async def ask() -> None:
                    answer = await client.post("/shade", files=SMALL, data={"passes": "8"})
                    assert answer.headers["itten-status"] in ("complete", "partial")

                @nursery.start_soon
                async def watch() -> None:
                    assert await code_of_the_close(client, watched) in (1000, 1001)

                await until_it_has(service, 2)
                service.process.send_signal(number)
        assert service.process.wait(PATIENCE_S) == 0
    until_gone(children)


async def until_it_has(service: Served, jobs: int) -> None:
    """Return once so many jobs were accepted."""
    await trio.to_thread.run_sync(until, lambda: len(service.ids()) == jobs)


async def code_of_the_close(client: httpx.AsyncClient, path: str) -> int:
    async with aconnect_ws(f"{path}/events", client, headers={}) as socket:
        try:
            while True:
                await socket.receive()
        except WebSocketDisconnect as end:
            return end.code


async def test_it_ends_in_time_whoever_is_attached(tmp_path: Path, workers: str):
    with served(tmp_path, ITTEN_WORKERS=workers) as service:
        service.wait_ready()
        async with attached(service) as running:  # who would stay for ever
            service.process.send_signal(signal.SIGTERM)
            assert await ended(service) == 0
            with trio.fail_after(PATIENCE_S):
                await running.wait()


async def ended(service: Served) -> int:
    """The exit status of a service."""
    return await trio.to_thread.run_sync(service.process.wait, PATIENCE_S)


async def test_an_upload_that_has_no_end_is_told_so_and_waited_for_by_nobody(
    tmp_path: Path, workers: str
):
    head = b"POST /shade HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    with served(tmp_path, ITTEN_WORKERS=workers, **PATIENT) as service:
        service.wait_ready()
        async with await connected(service) as stream:
            await stream.send_all(head + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
            assert (await stream.receive_some(100)).startswith(b"HTTP/1.1 100")  # it waits for it
            await stream.send_all(b"x")
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            answer = await read_answer(stream)
            assert (answer.status, answer.headers["connection"]) == (503, "close")
            assert "send the request again" in answer.body.decode()
            assert await ended(service) == 0
            assert time.monotonic() - began < LONG_S / 2  # not by the longest deadline


async def test_a_worker_that_does_not_answer_does_not_keep_it(tmp_path: Path):
    with (
        standing_worker("deaf", tmp_path) as worker,
        served(tmp_path / "data", ITTEN_WORKERS=worker, ITTEN_MAX_DEADLINE_S="1") as service,
    ):
        service.wait_ready()
        async with (
            httpx.AsyncClient(base_url=service.url, timeout=PATIENCE_S) as client,
            trio.open_nursery() as nursery,
        ):

            @nursery.start_soon
            async def ask() -> None:
                answer = await client.post("/shade", files=SMALL)
                assert answer.headers["itten-status"] == "partial"

            await until_it_has(service, 1)
            service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE_S) == 0  # it would not end by itself


async def test_a_second_signal_ends_it_at_once(tmp_path: Path, workers: str):
    with held(workers), served(tmp_path, ITTEN_WORKERS=workers, status=1, **PATIENT) as service:
        service.wait_ready()
        async with attached(service):
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                service.process.wait(0.5)  # a job runs for a minute
            service.process.send_signal(signal.SIGTERM)
            await ended(service)
            assert time.monotonic() - began < LONG_S / 2


@asynccontextmanager
async def attached(service: Served) -> AsyncIterator[trio.Event]:
    """Clients of every bad habit; the event is set once the end of a job was told to a listener."""
    told = trio.Event()
    async with httpx.AsyncClient(base_url=service.url, timeout=PATIENCE_S) as client:
        files = {"target": ("p.png", packed(noise(1600, 1200)))}
        large = (await client.post("/shade", files=files, data={"passes": "1"})).headers
        job = await client.post("/shade", files=SMALL, data={"passes": "16"}, headers=ASYNC)
        path = job.headers["location"]
        async with trio.open_nursery() as nursery:
            await nursery.start(listen, service, path, told)
            await nursery.start(read_nothing, service, f"/jobs/{large['itten-job']}/image")
            await nursery.start(upload_for_ever, service)
            await nursery.start(say, service, upgrade(f"{path}/events"))  # and reads no frame
            await nursery.start(say, service, b"GET / HT")
            await nursery.start(say, service, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            yield told
            nursery.cancel_scope.cancel()


async def say(service: Served, data: bytes, task_status: trio.TaskStatus[None]) -> None:
    """Send this and then nothing."""
    async with await connected(service) as stream:
        await stream.send_all(data)
        task_status.started()
        await trio.sleep_forever()


async def read_nothing(service: Served, path: str, task_status: trio.TaskStatus[None]) -> None:
    """Ask for a picture that no buffer of the kernel has room for, and see only its beginning."""
    async with await connected(service) as stream:
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await stream.receive_some(100)).startswith(b"HTTP/1.1 200")
        task_status.started()
        await trio.sleep_forever()


async def upload_for_ever(service: Served, task_status: trio.TaskStatus[None]) -> None:
    head = b"POST /shade HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    async with await connected(service) as stream:
        await stream.send_all(head + b"Transfer-Encoding: chunked\r\n\r\n")
        task_status.started()
        with suppress(trio.BrokenResourceError):
            while True:
                await stream.send_all(b"1\r\nx\r\n")
                await trio.sleep(0.02)


async def listen(
    service: Served, path: str, told: trio.Event, task_status: trio.TaskStatus[None]
) -> None:
    """Listen to a job by server-sent events, to its end."""
    headers = b"Accept: text/event-stream\r\n\r\n"
    async with await connected(service) as stream:
        await stream.send_all(f"GET {path}/events HTTP/1.1\r\nHost: x\r\n".encode() + headers)
        data = await stream.receive_some(100)
        assert data.startswith(b"HTTP/1.1 200")
        task_status.started()
        with suppress(trio.BrokenResourceError):
            async for piece in stream:
                data += piece
        if b"event: partial" in data or b"event: complete" in data:
            told.set()


async def connected(service: Served) -> trio.SocketStream:
    """A connection that takes as little as can be."""
    sock = trio.socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await sock.connect(("127.0.0.1", int(service.url.rsplit(":", 1)[1])))
    return trio.SocketStream(sock)


def test_jobs_outlive_the_service(tmp_path: Path, workers: str):
    with served(tmp_path, ITTEN_WORKERS=workers, **PATIENT) as service:
        service.wait_ready()
        answer = service.post("/shade", files=SMALL, data={"passes": "1"})
        path = f"/jobs/{answer.headers['itten-job']}"
    with served(tmp_path, ITTEN_WORKERS=workers) as service:
        assert service.get(path).json()["state"] == "complete"
        assert service.get(f"{path}/image").content == answer.content


def test_a_port_that_is_taken_is_one_line_and_status_2(tmp_path: Path, workers: str):
    with served(tmp_path, ITTEN_WORKERS=workers) as service:
        port = service.url.rsplit(":", 1)[1]
        env = os.environ | {"ITTEN_DATA": str(tmp_path), "ITTEN_WORKERS": workers}
        command = [sys.executable, "-m", "service", "serve", "--port", port]
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ended.returncode == 2
    lines = [line for line in ended.stderr.splitlines() if line.startswith("itten: ")]
    assert len(lines) == 1
    assert port in lines[0]
