"""What one client, or one bad answer, could do to the bare server; see service/http/serving.py."""

import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from itertools import count

import pytest
import structlog
import trio
from hypercorn.protocol import http_stream
from hypercorn.protocol.events import EndBody, Event, Response
from hypercorn.protocol.h11 import H11Protocol
from quart import Response as Answer
from quart import request, websocket
from trio.testing import wait_all_tasks_blocked

from service.http.limits import Limits
from service.http.quart_guards import GuardedQuart
from tests.service.live import (
    CALM,
    MAX_BODY,
    SHORT_S,
    SOON_S,
    Live,
    get,
    head,
    live,
    plain_app,
    post,
    read_answer,
    read_to_end,
    upgrade,
)


async def test_an_exception_in_one_connection_ends_that_one_and_is_logged_in_a_line():
    app = plain_app()

    @app.get("/bad")
    async def _bad() -> Answer:  # h11 refuses it, and then the 500 that is to mend it
        return Answer("x", status=101)

    with structlog.testing.capture_logs() as lines:
        async with live(app) as server, await server.connect() as other:
            async with await server.connect() as stream:
                await stream.send_all(get("/bad"))
                assert await read_to_end(stream) == b""
            await other.send_all(get("/hello"))
            assert (await read_answer(other)).body == b"hello"
    [broken] = [line for line in lines if line["event"] == "connection broken"]
    assert "LocalProtocolError" in broken["error"]
    assert "h11" in broken["where"]


def large_app(size: int = 60_000_000) -> tuple[GuardedQuart, trio.Event]:
    """An application whose `/large` is sent in one piece; the event tells that sending ended."""
    app, sent = plain_app(), trio.Event()

    async def body() -> AsyncIterator[bytes]:
        try:
            yield bytes(size)
        finally:
            sent.set()

    @app.get("/large")
    async def _large() -> AsyncIterator[bytes]:
        return body()

    return app, sent


async def slow_reader(server: Live, path: str = "/large") -> trio.SocketStream:
    """A client with a small window that asks for something large and does not read."""
    sock = trio.socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await sock.connect(("127.0.0.1", server.port))
    stream = trio.SocketStream(sock)
    await stream.send_all(upgrade(path) if path == "/session" else get(path))
    return stream


async def test_a_client_that_does_not_read_is_dropped_after_the_send_limit():
    app, sent = large_app()
    limits = replace(CALM, send_s=SHORT_S)
    async with live(app, limits) as server, await slow_reader(server):
        await server.assert_alive()
        with trio.fail_after(SOON_S):
            await sent.wait()


async def test_a_client_that_reads_gets_a_large_answer_whole():
    app, _ = large_app(20_000_000)
    async with live(app) as server:
        assert len((await server.ask(get("/large"))).body) == 20_000_000


async def test_the_time_for_an_answer_ends_a_client_that_reads_too_slowly_on_the_whole():
    app, sent = large_app()
    app.config["RESPONSE_TIMEOUT"] = 0.3
    async with live(app) as server, await slow_reader(server) as slow:
        with trio.fail_after(SOON_S):
            while not sent.is_set():  # 1.6 MB/s at most: the whole would take longer
                await slow.receive_some(16384)
                await trio.sleep(0.01)


async def test_an_answer_that_was_not_taken_is_logged_once_and_as_hung_up():
    app = plain_app()

    @app.get("/large")
    async def _large() -> bytes:
        return bytes(60_000_000)

    with structlog.testing.capture_logs() as lines:
        limits = replace(CALM, send_s=SHORT_S)
        async with live(app, limits, grace_s=SOON_S) as server, await slow_reader(server):
            await server.assert_alive()
            server.shutdown.set()
            await server.ended.wait()
    assert [line["status"] for line in lines if line["path"] == "/large"] == [499]


@pytest.mark.parametrize(
    ("after", "seen", "status"), [(Response, b"\r\n\r\n", 499), (EndBody, b"hello", 200)]
)
async def test_a_client_that_leaves_while_it_is_answered_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, after: type[Event], seen: bytes, status: int
):
    send, left = H11Protocol.stream_send, trio.Event()

    async def slow(self: H11Protocol, event: Event) -> None:
        await send(self, event)
        if isinstance(event, after):  # on a busy machine the client may be gone before it goes on
            await left.wait()

    monkeypatch.setattr(H11Protocol, "stream_send", slow)
    with structlog.testing.capture_logs() as lines:
        async with live() as server, await server.connect() as stream:
            await stream.send_all(get("/hello"))
            answer = b""
            while not answer.endswith(seen):
                answer += await stream.receive_some()
            await stream.aclose()
            await wait_all_tasks_blocked(0.05)
            left.set()
            with trio.fail_after(SOON_S):
                while not lines:
                    await trio.sleep(0.005)
            await wait_all_tasks_blocked(0.1)
    assert [line["status"] for line in lines] == [status]


async def test_a_shutdown_waits_for_no_slow_reader():
    app, sent = large_app()
    async with live(app, grace_s=0.2) as server, await slow_reader(server):
        await server.assert_alive()
        server.shutdown.set()
        with trio.fail_after(SOON_S):
            await server.ended.wait()
        assert sent.is_set()


async def test_a_shutdown_waits_for_no_crowd_of_slow_readers():
    app, _ = large_app(20_000_000)

    @app.websocket("/session")
    async def _session() -> None:
        await websocket.send(bytes(20_000_000))

    async with live(app, grace_s=0.2) as server, AsyncExitStack() as crowd:
        for path in ("/large", "/session") * 4:
            await crowd.enter_async_context(await slow_reader(server, path))
        await server.assert_alive()
        server.shutdown.set()
        with trio.fail_after(SOON_S):
            await server.ended.wait()


async def test_a_server_that_is_cancelled_ends_at_once_with_a_slow_reader_attached():
    app, sent = large_app()
    async with AsyncExitStack() as reader:
        with trio.fail_after(SOON_S):
            with trio.CancelScope() as cancelled:
                async with live(app, grace_s=2 * SOON_S) as server:
                    slow = await reader.enter_async_context(await slow_reader(server))
                    await slow.receive_some(1)  # it is being sent
                    cancelled.cancel()
                    await trio.sleep_forever()
        assert cancelled.cancelled_caught
        assert sent.is_set()


def chunked(path: str, *headers: str) -> bytes:
    return head(f"POST {path} HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", *headers)


def chunks(total: int, size: int = 50_000) -> bytes:
    return (b"%x\r\n" % size + bytes(size) + b"\r\n") * (total // size) + b"0\r\n\r\n"


FORM = "Content-Type: multipart/form-data; boundary=XX"
FILE = b'--XX\r\nContent-Disposition: form-data; name="target"; filename="a.png"\r\n\r\n'


@pytest.mark.parametrize("path", ["/length", "/form"])
async def test_a_chunked_upload_is_counted(path: str):
    form = b"%x\r\n%s\r\n" % (len(FILE), FILE) if path == "/form" else b""
    async with live() as server:
        raw = chunked(path, FORM) + form + chunks(3 * MAX_BODY)
        answer = await server.ask(raw)
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"larger than 1 MB" in answer.body


@pytest.mark.parametrize("path", ["/length", "/form"])
@pytest.mark.parametrize("size", [MAX_BODY + 1, 0xFFFFFFFFFFFF, 16**20 - 1])
async def test_a_chunk_that_alone_is_too_large_is_not_waited_for(path: str, size: int):
    async with live() as server, await server.connect() as stream:
        await stream.send_all(chunked(path, FORM) + b"%x\r\n" % size)
        answer = await read_answer(stream)
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert answer.headers["content-type"] == "application/problem+json"
        assert await read_to_end(stream) == b""


async def test_a_chunk_of_all_that_a_body_may_have_is_taken():
    async with live() as server:
        answer = await server.ask(chunked("/length") + chunks(MAX_BODY, size=MAX_BODY))
    assert (answer.status, int(answer.body)) == (200, MAX_BODY)


async def test_a_large_chunk_for_who_answers_without_a_body_breaks_nothing():
    with structlog.testing.capture_logs() as lines:
        async with live() as server:
            for _ in range(20):  # either may be first
                answer = await server.ask(chunked("/ignore") + b"ffffffff\r\n")
                assert answer.status in (404, 413)
    assert not [line for line in lines if line["event"] == "connection broken"]


async def test_an_early_answer_reaches_a_client_that_goes_on_sending_and_ends_the_connection():
    async with live() as server:
        for raw, status in (
            (post("/length", bytes(8 * MAX_BODY)), 413),
            (chunked("/ignore") + chunks(8 * MAX_BODY), 404),
        ):
            async with await server.connect() as stream:
                await stream.send_all(raw)
                answer = await read_answer(stream)
                assert (answer.status, answer.headers["connection"]) == (status, "close")
                assert await read_to_end(stream) == b""


async def test_a_client_that_sends_for_ever_is_dropped_when_the_linger_is_over():
    limits = replace(CALM, linger_s=SHORT_S)
    async with live(limits=limits) as server, await server.connect() as stream:
        await stream.send_all(chunked("/ignore"))
        with trio.fail_after(SOON_S), pytest.raises(trio.BrokenResourceError):
            await _send_for_ever(stream)


@pytest.mark.parametrize("path", ["/length", "/form"])
async def test_a_shutdown_waits_for_no_upload(path: str):
    kind = "Content-Type: multipart/form-data; boundary=XX"
    limits = replace(CALM, linger_s=SHORT_S)
    async with live(limits=limits, grace_s=2 * SOON_S) as server, await server.connect() as stream:
        await stream.send_all(chunked(path, kind) + b"4\r\n--XX\r\n")
        while not server.app.bodies:
            await trio.sleep(0.001)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_trickle, stream)
            server.shutdown.set()
            with trio.fail_after(SOON_S):
                answer = await read_answer(stream)
                assert (answer.status, answer.headers["connection"]) == (503, "close")
                assert answer.headers["retry-after"] == "1"
                await server.ended.wait()
            nursery.cancel_scope.cancel()
        assert not server.app.bodies


async def _trickle(stream: trio.SocketStream) -> None:
    with suppress(trio.BrokenResourceError):
        while True:
            await stream.send_all(b"1\r\nx\r\n")
            await trio.sleep(0.01)


async def _send_for_ever(stream: trio.SocketStream) -> None:
    while True:
        await stream.send_all(chunks(MAX_BODY)[:-5])


async def test_a_body_is_invited_unless_it_is_too_large():
    expect = "Expect: 100-continue"
    async with live() as server:
        async with await server.connect() as stream:
            await stream.send_all(get("/length", "Content-Length: 3", expect, method="POST"))
            assert (await stream.receive_some(1000)).startswith(b"HTTP/1.1 100")
            await stream.send_all(b"abc")
            assert (await read_answer(stream)).body == b"3"
        async with await server.connect() as stream:
            much = f"Content-Length: {MAX_BODY + 1}"
            await stream.send_all(get("/length", much, expect, method="POST"))
            assert (await read_to_end(stream)).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/length", "/form"])
async def test_an_upload_that_takes_too_long_gets_408(path: str):
    app = plain_app()
    app.config["BODY_TIMEOUT"] = 0.2
    async with live(app) as server:
        answer = await server.ask(get(path, "Content-Length: 999", FORM, method="POST") + b"--XX")
    assert answer.status == 408
    assert b"within 0.2 s" in answer.body


async def test_a_body_that_is_iterated_comes_in_small_pieces():
    app = plain_app()

    @app.post("/pieces")
    async def _pieces() -> list[int]:
        await wait_all_tasks_blocked()
        return [len(piece) async for piece in request.body]

    async with live(app) as server:
        answer = await server.ask(post("/pieces", bytes(500_000)))
    sizes = [int(size) for size in answer.body.strip(b"[]\n").split(b",")]
    assert sum(sizes) == 500_000
    assert max(sizes) <= 64 * 1024


@pytest.mark.parametrize(
    "raw",
    [
        get("/wait"),
        get("/wait") + get("/hello"),
        get("/wait", "Connection: Upgrade", "Upgrade: h2c"),
    ],
    ids=["plain", "pipelined", "upgrade"],
)
async def test_a_client_that_hangs_up_cancels_its_request(raw: bytes):
    app = plain_app()
    entered, cancelled = trio.Event(), trio.Event()

    @app.get("/wait")
    async def _wait() -> str:
        try:
            entered.set()
            await trio.sleep_forever()
        finally:
            cancelled.set()
        return ""

    async with live(app) as server:
        async with await server.connect() as stream:
            await stream.send_all(raw)
            await entered.wait()
        with trio.fail_after(SOON_S):
            await cancelled.wait()


async def test_the_access_log_has_six_fields_and_no_secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITTEN_SECRET", "hunter2")
    secret = ("Authorization: Bearer hunter2", "Cookie: hunter2")
    with structlog.testing.capture_logs() as lines:
        async with live() as server:
            await server.ask(get("/hello?ticket=hunter2", *secret))
            await server.ask(get("/%0Anowhere", *secret))
            async with await server.connect() as stream:
                await stream.send_all(get("/length", "Content-Length: 9", method="POST"))
            with trio.fail_after(SOON_S):
                while len(lines) < 3:
                    await trio.sleep(0.005)
    assert [set(line) for line in lines] == [
        {"event", "log_level", "client", "method", "path", "status", "ms", "bytes"}
    ] * 3
    assert "hunter2" not in repr(lines)
    first, second, third = lines
    assert (first["method"], first["path"], first["status"]) == ("GET", "/hello", 200)
    assert first["bytes"] == 5
    assert 0 <= first["ms"] < 1000 * 2 * SOON_S
    assert second["path"] == "/%0Anowhere"
    assert third["status"] == 499  # hung up before an answer


async def test_a_clock_that_is_set_back_meanwhile_does_not_show_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(http_stream, "time", count(1e9, -3600).__next__)
    with structlog.testing.capture_logs() as lines:
        async with live() as server:
            await server.ask(get("/hello"))
    assert [0 <= line["ms"] < 1000 * 2 * SOON_S for line in lines] == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
async def test_one_address_does_not_take_every_connection_and_who_is_refused_is_told_of():
    app, counted = plain_app(), list[int]()
    app.answered = counted.append
    limits = replace(CALM, connections=3, connections_each=2)
    with structlog.testing.capture_logs() as lines:
        await _crowd(app, limits)
    assert counted == [503]
    [refused] = [line for line in lines if line["event"] == "no request"]
    assert (refused["status"], refused["client"]) == (503, "127.0.0.1")


async def _crowd(app: GuardedQuart, limits: Limits) -> None:
    async with live(app, limits) as server:
        async with await server.connect(), await server.connect() as second:
            await wait_all_tasks_blocked(0.01)
            async with await server.connect() as third:
                answer = await read_answer(third)
                assert answer.status == json.loads(answer.body)["status"] == 503
                assert answer.headers["retry-after"] == "1"
            other = trio.socket.socket()
            await other.bind(("127.0.0.2", 0))
            await other.connect(("127.0.0.1", server.port))
            async with trio.SocketStream(other) as stream:
                await stream.send_all(get("/hello"))
                assert (await read_answer(stream)).status == 200
            await second.aclose()
            await wait_all_tasks_blocked(0.05)
        await server.assert_alive()
