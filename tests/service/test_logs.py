"""The log of a service and its worker, as processes: what is in it, and what never is."""

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import structlog

from service.exits import complain
from tests.service.house import PATIENCE_S, png
from worker.wire.logs import MOST, configure, shortened

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECRETS = ("hunter2", "ITTEN_SECRET", "IHDR", "5d0ca7", "swordfish")


@contextmanager
def logged(mode: str, log_format: str) -> Iterator[tuple[httpx.Client, list[str]]]:
    """A client of a service that logs all it can; the lines are there after the block."""
    env = os.environ | {
        "ITTEN_LOG_FORMAT": log_format,
        "ITTEN_LOG_LEVEL": "debug",
        "ITTEN_SECRET": "swordfish",
    }
    command = [sys.executable, "-m", "tests.service.house", mode]
    pipe, lines = subprocess.PIPE, list[str]()
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            yield client, lines
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
        lines += said.splitlines()


def ask(client: httpx.Client, **headers: str) -> httpx.Response:
    """A request that is full of what must not be logged."""
    return client.post(
        "/shade",
        files={"target": ("photo.png", png())},
        data={"passes": "1"},
        headers={"Authorization": "Bearer hunter2", "Cookie": "key=hunter2", **headers},
    )


def of_request(lines: list[str], request: str) -> list[dict[str, Any]]:
    """Of its lines those that say that something is over; a busy machine adds warnings."""
    said = [line for line in map(json.loads, lines) if line.get("request_id") == request]
    return [line for line in said if line["event"] in ("request", "a job ended")]


def test_every_line_of_a_request_names_it_also_those_of_the_worker():
    with logged("quick", "json") as (client, lines):
        answer = ask(client, **{"Itten-Request": "mine-1", "traceparent": f"00-{TRACE}-{SPAN}-01"})
        assert (answer.status_code, answer.headers["itten-request"]) == (200, "mine-1")
        other = client.get("/jobs/no-such-job/image?ticket=5d0ca7")
        assert other.status_code == 404
    said = {line["event"]: line for line in of_request(lines, "mine-1")}  # two processes write it
    ended, request = said.pop("a job ended"), said.pop("request")
    assert not said
    assert (ended["process"], ended["event"], ended["state"]) == (
        "worker",
        "a job ended",
        "complete",
    )
    assert (request["path"], request["status"]) == ("/shade", 200)
    assert request["job"] == answer.headers["itten-job"]
    for line in (ended, request):
        assert (line["trace_id"], line["parent_id"]) == (TRACE, SPAN)
    assert ended["span_id"] == request["span_id"] != SPAN
    [missed] = of_request(lines, other.headers["itten-request"])
    assert missed["path"] == "/jobs/no-such-job/image"
    assert missed["trace_id"] != TRACE
    assert [secret for secret in SECRETS if any(secret in line for line in lines)] == []


def test_nothing_secret_is_logged_not_even_with_a_traceback():
    with logged("failing", "text") as (client, lines):
        assert ask(client).status_code == 500
    log = "\n".join(lines)
    assert "ZeroDivisionError" in log
    assert [secret for secret in SECRETS if secret in log] == []


def test_what_is_long_is_cut_and_bytes_are_counted():
    event = {"event": "e", "reason": "x" * 10_000, "pixels": b"secret", "n": 3}
    short = shortened(None, "info", event)
    assert len(short["reason"]) == MOST + 3
    assert (short["pixels"], short["n"]) == ("6 bytes", 3)


def test_a_level_that_is_none_is_info(capsys: pytest.CaptureFixture[str]):
    import structlog

    before = structlog.get_config()
    try:
        configure("json", "loud", process="worker")
        structlog.get_logger().debug("unheard")
        structlog.get_logger().info("heard")
    finally:
        structlog.configure(**before)
    assert json.loads(capsys.readouterr().err)["event"] == "heard"


UNREAD = """
import sys, structlog
from worker.wire.logs import configure
configure("json", "info")
for number in range(2000):
    structlog.get_logger().info("line", number=number, text="x" * 100)
print("done", flush=True)
sys.stdin.readline()
structlog.get_logger().info("after", text=["y" * 400] * 20)
"""


def test_a_log_that_nobody_reads_is_not_waited_for():
    read, write = os.pipe()
    command, pipe = [sys.executable, "-c", UNREAD], subprocess.PIPE
    with subprocess.Popen(command, stderr=write, stdin=pipe, stdout=pipe, text=True) as process:
        os.close(write)
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        with open(read, "rb", 0) as log:
            begun = log.read(1 << 20)
            process.communicate("\n")
            first, last = map(json.loads, (begun + log.read()).splitlines()[-2:])
    assert begun.count(b"\n") + first["lines"] == 2000
    assert last["text"] == ["y" * 400] * 20


class Full(io.StringIO):
    """A stderr on a disk that is full."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_is_done_without(monkeypatch: pytest.MonkeyPatch):
    configure("json", "info")
    try:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", Full())
            structlog.get_logger().error("no room")
            assert complain("no room", 2) == 2
    finally:
        structlog.reset_defaults()
