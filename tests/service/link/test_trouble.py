"""What an operator reads of a worker that is not there."""

import socket
from contextlib import suppress
from pathlib import Path

import pytest
import structlog
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from service.link.peer import Patience
from service.link.trouble import Trouble, reason_of
from service.link.worker_link import WorkerLink, open_workers
from tests.service.house import assert_problem, house
from worker.wire.framing import encode
from worker.wire.messages import PROTOCOL, Hello

HELLO = Hello(device="cpu", device_name="x", warning=None, shade_s_per_mp=1, field_s_per_mp=1)
OTHER = b"".join(encode(replace(HELLO, protocol=99)))
QUICK = Patience(first_pause_s=0.01, last_pause_s=0.02)


async def reasons(address: str) -> list[str]:
    """What is told of a worker at this address while it is tried ten times."""
    with trio.fail_after(60), structlog.testing.capture_logs() as lines:
        async with open_workers([address], patience=QUICK) as link:
            assert not link.troubled
            await _lost(link, 10)
            assert link.troubled
    return [str(line["reason"]) for line in lines if "trying again" in line["event"]]


async def _lost(link: WorkerLink, times: int) -> None:
    while link.peers[0].meter.lost < times:
        await trio.sleep(0.01)


async def test_an_address_where_nobody_is_is_told_once(tmp_path: Path):
    assert await reasons(f"unix:{tmp_path}/none") == ["No such file or directory"]
    with socket.socket() as deaf:  # it has the port, and does not listen
        deaf.bind(("127.0.0.1", 0))
        [reason] = await reasons(f"tcp://127.0.0.1:{deaf.getsockname()[1]}")
    assert reason.endswith("Connection refused")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (OTHER, f"it speaks protocol 99, this service {PROTOCOL}"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what answers is no worker of Itten: a header of"),
        (b"", "it left before it was ready"),
    ],
)
async def test_who_is_no_worker_of_ours_is_told_once(tmp_path: Path, said: bytes, reason: str):
    path = str(tmp_path / "other.sock")

    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            with suppress(trio.BrokenResourceError):
                await stream.send_all(said)

    unix = trio.socket.socket(socket.AF_UNIX)
    await unix.bind(path)
    unix.listen()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, answer, [trio.SocketListener(unix)])
        [told] = await reasons(f"unix:{path}")
        nursery.cancel_scope.cancel()
    assert told.startswith(reason)


def test_it_is_told_again_when_it_is_another_when_it_lasts_and_when_it_returns():
    async def suffer() -> None:
        trouble = Trouble("unix:/w", again_s=60)
        for _ in range(100):
            trouble.tell("first")
            await trio.sleep(1)
        trouble.tell("second")
        trouble.over()
        assert trouble.reason is None
        trouble.tell("second")

    with structlog.testing.capture_logs() as lines:
        trio.run(suffer, clock=MockClock(autojump_threshold=0))
    told = [(line["reason"], line["times"]) for line in lines]
    assert told == [("first", 1), ("first", 61), ("second", 1), ("second", 1)]


def test_errors_without_a_word_are_named():
    assert reason_of(ExceptionGroup("", [trio.BrokenResourceError()])) == (
        "the connection broke (BrokenResourceError)"
    )


async def test_the_service_says_whether_it_waits_or_cannot_find_one():
    async with house("unready") as service:
        answer = await service.client.get("/readyz")
        assert "warming up" in assert_problem(answer, 503, "not-ready")["detail"]
        service.desk.link.peers[0].trouble.tell("it ended")
        answer = await service.client.get("/readyz")
        assert "No worker can be reached" in assert_problem(answer, 503, "not-ready")["detail"]
