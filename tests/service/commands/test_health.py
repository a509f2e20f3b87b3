"""`itten health` as the health check of a container."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import trio
from msgspec.structs import replace

from service.commands import health
from service.commands.health import report
from tests.e2e.served import standing_worker
from tests.service.house import house
from tests.service.shade_worker import HELLO
from worker.wire.framing import encode
from worker.wire.messages import PROTOCOL

WITHOUT_ONE = b'{"device": "cpu", "workers": [{"state": "missing"}, {"state": "ready"}]}'


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who answers is heard, on any machine."""
    monkeypatch.setattr(health, "PATIENCE_S", 60.0)


@contextmanager
def answering(reply: bytes) -> Iterator[str]:
    """The URL of a server that says this to its one client; nothing: it keeps it waiting."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

        if reply:
            Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def http(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (http("200 OK", b'{"status": "ready", "device": "cpu"}'), 0, "is ready, on cpu"),
        (http("200 OK", WITHOUT_ONE), 0, "is ready, on cpu, without 1 of 2 workers"),
        (http("503 No", b'{"detail": "The worker is warming up."}'), 1, "not ready: The worker"),
        (http("200 OK", b"<html>"), 1, "no service of Itten"),
        (http("200 OK", b"[]"), 1, "no service of Itten"),
        (b"SSH-2.0-OpenSSH\r\n", 1, "does not answer"),
    ],
)
def test_it_is_one_line_and_a_status(
    reply: bytes, status: int, said: str, capsys: pytest.CaptureFixture[str]
):
    with answering(reply) as url:
        assert report(url) == status
    captured = capsys.readouterr()
    [line] = (captured.out + captured.err).splitlines()
    assert said in line
    assert bool(captured.out) == (status == 0)


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://a", "http://", "http://a:b", "http://a b"]
)
def test_what_is_no_url_is_said(url: str, capsys: pytest.CaptureFixture[str]):
    assert report(url) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_who_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(health, "PATIENCE_S", 0.2)
    with answering(b"") as url:  # it never does
        assert report(url) == 1
    assert "timed out" in capsys.readouterr().err


async def test_a_service_whose_worker_is_warming_up_is_not_ready(
    capsys: pytest.CaptureFixture[str],
):
    async with house("unready") as service:
        capsys.readouterr()
        url = str(service.client.base_url)
        assert await trio.to_thread.run_sync(report, url) == 1
    assert "not ready: The worker is warming up" in capsys.readouterr().err


def test_it_loads_nothing_that_takes_time():
    code = (
        "import sys; from service.cli import main; main(['health', '--url', 'http://127.0.0.1:1']);"
        "print([m for m in ('httpx', 'trio', 'quart', 'pydantic', 'numpy') if m in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    )
    assert ended.stdout == "[]\n"


def test_a_worker_is_ready_when_it_greets(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with standing_worker("honest", tmp_path) as address:
        give_up = time.monotonic() + 120
        while report(address):  # it does not listen yet
            assert time.monotonic() < give_up
            time.sleep(0.05)
    captured = capsys.readouterr()
    assert captured.out == f"{address} is ready, on cpu\n"
    assert report(address) == 1
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no worker of Itten"),
        (b"", "hung up"),
        (b"".join(encode(replace(HELLO, protocol=PROTOCOL + 1))), "another version"),
    ],
)
def test_what_greets_otherwise_is_no_worker(
    greeting: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(greeting)

        Thread(target=greet, daemon=True).start()
        assert report(f"unix:{tmp_path / 'socket'}") == 1
    assert said in capsys.readouterr().err
