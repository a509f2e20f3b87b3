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
from tests.e2e.served import Served, descendants, served, standing_worker
from tests.service.live import read_answer, upgrade

pytestmark = pytest.mark.long

SMALL = {"target": ("p.png", packed(photograph(64, 48)))}
ASYNC = {"Prefer": "respond-async"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_runs_at_the_end_is_answered(tmp_path: Path, workers: str, number: int):
    with served(tmp_path, ITTEN_WORKERS=workers, ITTEN_MAX_DEADLINE_S="3") as service:
        children = descendants(service.process.pid)
        async with httpx.AsyncClient(base_url=service.url, timeout=10) as client:
            watched = (await client.post("/shade", files=SMALL, headers=ASYNC)).headers["location"]
            async with trio.open_nursery() as nursery:

                @nursery.start_soon
                async def ask() -> None:
                    answer = await client.post("/shade", files=SMALL, data={"passes": "8"})
                    assert answer.headers["itten-status"] in ("complete", "partial")

                @nursery.start_soon
                async def watch() -> None:
                    assert await code_of_the_close(client, watched) in (1000, 1001)

                await trio.sleep(0.3)
                service.process.send_signal(number)
        began = time.monotonic()
        assert service.process.wait(6) == 0
        assert time.monotonic() - began < 3
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


async def code_of_the_close(client: httpx.AsyncClient, path: str) -> int:
    async with aconnect_ws(f"{path}/events", client, headers={}) as socket:
        try:
            while True:
                await socket.receive()
        except WebSocketDisconnect as end:
            return end.code


async def test_it_ends_in_time_whoever_is_attached(tmp_path: Path, workers: str):
    deadline_s = 1.5
    env = {"ITTEN_WORKERS": workers, "ITTEN_MAX_DEADLINE_S": str(deadline_s)}
    with served(tmp_path, **env) as service:
        async with attached(service) as running:
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            assert await trio.to_thread.run_sync(service.process.wait, 10) == 0
            assert time.monotonic() - began < deadline_s + 3
            with trio.fail_after(1):
                await running.wait()


async def test_an_upload_that_has_no_end_is_told_so_and_waited_for_by_nobody(
    tmp_path: Path, workers: str
):
    head = b"POST /shade HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
    with served(tmp_path, ITTEN_WORKERS=workers) as service:  # the longest deadline is 10 s
        async with await connected(service) as stream:
            await stream.send_all(head + b"Content-Length: 1000\r\n\r\nx")
            await trio.sleep(0.3)
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            answer = await read_answer(stream)
            assert (answer.status, answer.headers["connection"]) == (503, "close")
            assert "send the request again" in answer.body.decode()
            assert await trio.to_thread.run_sync(service.process.wait, 10) == 0
            assert time.monotonic() - began < 5


async def test_a_worker_that_does_not_answer_does_not_keep_it(tmp_path: Path):
    with (
        standing_worker("deaf", tmp_path) as worker,
        served(tmp_path / "data", ITTEN_WORKERS=worker, ITTEN_MAX_DEADLINE_S="1") as service,
    ):
        async with (
            httpx.AsyncClient(base_url=service.url, timeout=10) as client,
            trio.open_nursery() as nursery,
        ):

            @nursery.start_soon
            async def ask() -> None:
                answer = await client.post("/shade", files=SMALL)
                assert answer.headers["itten-status"] == "partial"

            await trio.sleep(0.3)
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == 0
        assert time.monotonic() - began < 1 + 3


async def test_a_second_signal_ends_it_at_once(tmp_path: Path, workers: str):
    with served(tmp_path, ITTEN_WORKERS=workers, status=1) as service:
        async with attached(service):
            service.process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                service.process.wait(0.5)
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            await trio.to_thread.run_sync(service.process.wait, 10)
            assert time.monotonic() - began < 2


@asynccontextmanager
async def attached(service: Served) -> AsyncIterator[trio.Event]:
    """Clients of every bad habit; the event is set once the end of a job was told to a listener."""
    told = trio.Event()
    async with httpx.AsyncClient(base_url=service.url, timeout=10) as client:
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
    with served(tmp_path, ITTEN_WORKERS=workers) as service:
        answer = httpx.post(f"{service.url}/shade", files=SMALL, data={"passes": "1"})
        path = f"/jobs/{answer.headers['itten-job']}"
    with served(tmp_path, ITTEN_WORKERS=workers) as service:
        assert httpx.get(f"{service.url}{path}").json()["state"] == "complete"
        assert httpx.get(f"{service.url}{path}/image").content == answer.content


def test_a_port_that_is_taken_is_one_line_and_status_2(tmp_path: Path, workers: str):
    with served(tmp_path, ITTEN_WORKERS=workers) as service:
        port = service.url.rsplit(":", 1)[1]
        env = os.environ | {"ITTEN_DATA": str(tmp_path), "ITTEN_WORKERS": workers}
        command = [sys.executable, "-m", "service", "serve", "--port", port]
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=15)
    assert ended.returncode == 2
    lines = [line for line in ended.stderr.splitlines() if line.startswith("itten: ")]
    assert len(lines) == 1
    assert port in lines[0]
