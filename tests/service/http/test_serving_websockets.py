"""WebSockets over real sockets: what ends them, and with which code."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import structlog
import trio
from quart import abort, websocket
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from service.http.quart_guards import GuardedQuart
from tests.hostile.wire_probes import FRAMES
from tests.service.live import (
    CALM,
    SHORT_S,
    SOON_S,
    get,
    live,
    peer,
    plain_app,
    read_answer,
    read_to_end,
    upgrade,
)


async def test_messages_of_both_kinds_come_back_the_empty_one_too():
    async with live() as server, peer(server, "/echo") as client:
        for data in (b"abc", b""):
            await client.send(BytesMessage(data=data))
            event = await client.next()
            assert isinstance(event, BytesMessage)
            assert bytes(event.data) == data
        await client.send(TextMessage(data="äöü"))
        assert (await client.next()).data == "äöü"
        await client.send(Ping(payload=b"?"))
        event = await client.next()
        assert isinstance(event, Pong)


async def test_no_compression_is_agreed_on_or_inflated():
    offer = ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]
    async with live() as server:
        async with peer(server, "/echo", offer) as client:
            assert b"extensions" not in client.handshake.lower()
            await client.stream.send_all(b"\xc1\x80\x00\x00\x00\x00")  # the bit for "compressed"
            assert await client.closed_with() != 1000
        await server.assert_alive()


EARLY = b"\x81\x80\x00\x00\x00\x00"


@pytest.mark.parametrize("early", [EARLY, b"x", bytes(100_000)], ids=["frame", "byte", "much"])
@pytest.mark.parametrize("path", ["/echo", "/late", "/nowhere"])
async def test_data_before_the_handshake_ends_the_connection_and_nothing_else(
    path: str, early: bytes
):
    app, ended = plain_app(), trio.Event()

    @app.websocket("/late")
    async def _late() -> None:
        try:
            await trio.sleep(0.1)
            await websocket.accept()
        finally:
            ended.set()

    with structlog.testing.capture_logs() as lines:
        async with live(app) as server:
            async with await server.connect() as stream:
                await stream.send_all(upgrade(path) + early)
                assert (await read_to_end(stream)).startswith(b"HTTP/1.1 4")
            await server.assert_alive()
            if path == "/late":
                with trio.fail_after(SOON_S):
                    await ended.wait()
    assert not [line for line in lines if line["event"] != "request"]


@pytest.mark.parametrize(
    "raw",
    [
        upgrade("/echo").replace(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b""),
        upgrade("/echo").replace(b"Version: 13", b"Version: 8"),
        upgrade("/echo").replace(b"HTTP/1.1", b"HTTP/1.0"),
        upgrade("/echo").replace(b"dGhl", b""),
    ],
    ids=["no key", "old version", "HTTP/1.0", "short key"],
)
async def test_a_bad_handshake_gets_400_and_is_closed(raw: bytes):
    async with live() as server, await server.connect() as stream:
        await stream.send_all(raw)
        with trio.fail_after(SOON_S):
            answer = await read_answer(stream)
            assert await read_to_end(stream) == b""
        assert answer.status == 400
        assert answer.headers["sec-websocket-version"] == "13"
        assert "Sec-WebSocket-Key" in json.loads(answer.body)["detail"]


async def test_a_message_over_the_limit_closes_with_1009_also_in_fragments():
    limits = replace(CALM, message_bytes=1000)
    async with live(limits=limits) as server:
        async with peer(server, "/echo") as client:
            await client.send(BytesMessage(data=bytes(1001)))
            assert await client.closed_with() == 1009
        async with peer(server, "/echo") as client:
            for _ in range(2):
                await client.send(BytesMessage(data=bytes(600), message_finished=False))
            assert await client.closed_with() == 1009
            with trio.fail_after(SOON_S):
                assert await client.stream.receive_some(1) == b""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("no mask", 1002),
        ("a reserved opcode", 1002),
        ("a reserved bit", 1002),
        ("deflate", 1002),
        ("a control frame in parts", 1002),
        ("a long ping", 1002),
        ("a part of nothing", 1002),
        ("a message within another", 1002),
        ("a length of 2**63", 1002),
        ("a length in too many bytes", 1002),
        ("a close of one byte", 1002),
        ("a close of a code that is never sent", 1002),
        ("a close with half a character", 1007),
        ("text that is none", 1007),
        ("a million bytes", 1009),
        ("a close, and more", 1000),
    ],
)
async def test_what_is_no_frame_closes_with_the_code_that_says_so(name: str, code: int):
    async with live() as server:
        async with peer(server, "/echo") as client:
            with suppress(trio.BrokenResourceError):
                await client.stream.send_all(FRAMES[name])
            assert await client.closed_with() == code
            with trio.fail_after(SOON_S), suppress(trio.BrokenResourceError):
                assert await client.stream.receive_some(1) == b""
        await server.assert_alive()


def session_app(session: Callable[[], Any]) -> GuardedQuart:
    app = plain_app()
    app.websocket("/session")(session)
    return app


async def test_a_handler_that_returns_closes_with_1000():
    async def session() -> None:
        await websocket.send("done")

    async with live(session_app(session)) as server, peer(server, "/session") as client:
        assert (await client.next()).data == "done"
        assert await client.closed_with() == 1000


async def test_a_handler_that_fails_after_accepting_closes_with_1011():
    async def session() -> None:
        await websocket.accept()
        raise RuntimeError("a bug")

    app = session_app(session)
    app.logger.disabled = True
    async with live(app) as server, peer(server, "/session") as client:
        assert await client.closed_with() == 1011


async def test_a_session_can_be_refused_before_it_starts():
    app, _ = watched_session()

    @app.before_websocket
    async def _check_origin() -> None:
        if websocket.headers.get("Origin") != "https://itten.example":
            abort(403)

    async with live(app) as server:
        answer = await server.ask(upgrade("/session"))
        assert answer.status == 403
        async with peer(server, "/session", ["Origin: https://itten.example"]):
            pass


def watched_session() -> tuple[GuardedQuart, trio.Event]:
    """A session that only waits and never reads, and the event of its end."""
    ended = trio.Event()

    async def session() -> None:
        await websocket.accept()
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    return session_app(session), ended


async def test_a_hang_up_is_noticed_by_a_session_that_does_not_read():
    app, ended = watched_session()
    async with live(app) as server:
        async with peer(server, "/session") as client:
            for _ in range(5):
                await client.send(TextMessage(data="hello?"))
        with trio.fail_after(SOON_S):
            await ended.wait()


async def test_a_client_that_talks_without_being_read_is_closed_with_1008():
    app, ended = watched_session()
    async with live(app) as server, peer(server, "/session") as client:
        for _ in range(100):
            await client.send(TextMessage(data="hello?"))
        assert await client.closed_with() == 1008
        with trio.fail_after(SOON_S):
            await ended.wait()


async def test_a_client_that_says_more_than_it_may_is_closed_with_1008_also_in_pings():
    app, ended = watched_session()
    limits = replace(CALM, message_bytes=1000, chatter_bytes_s=0)
    async with live(app, limits) as server, peer(server, "/session") as client:
        for _ in range(30):
            await client.send(Ping(payload=bytes(94)))  # 100 bytes on the wire
        assert await client.closed_with() == 1008
        with trio.fail_after(SOON_S):
            await ended.wait()


async def test_a_peer_that_answers_no_ping_is_dead_and_one_that_does_is_not():
    app, ended = watched_session()
    limits = replace(CALM, ping_s=0.15, silence_s=1.0)  # processes stand still for a while
    async with live(app, limits) as server, peer(server, "/session") as client:
        for _ in range(8):  # longer than the silence
            ping = await client.next_or_ping()
            assert isinstance(ping, Ping)
            await client.send(ping.response())
        assert not ended.is_set()
        with trio.fail_after(SOON_S):
            await ended.wait()


async def test_a_peer_that_does_not_read_is_dropped():
    ended = trio.Event()

    async def session() -> None:
        try:
            while True:
                await websocket.send(bytes(1_000_000))
        finally:
            ended.set()

    limits = replace(CALM, send_s=SHORT_S)
    async with live(session_app(session), limits) as server, peer(server, "/session"):
        with trio.fail_after(SOON_S):
            await ended.wait()


async def test_a_send_that_is_cancelled_halfway_ends_the_session():
    ended = trio.Event()

    async def session() -> None:
        try:
            with trio.move_on_after(0.1):
                await websocket.send(bytes(20_000_000))
            await trio.sleep_forever()  # whatever came next would be taken for the rest
        finally:
            ended.set()

    async with live(session_app(session)) as server, peer(server, "/session") as client:
        with trio.fail_after(SOON_S):
            while not ended.is_set():  # a piece now and then, so that no send is too slow
                await client.stream.receive_some(16384)
                await trio.sleep(0.001)


async def test_the_ping_loop_does_not_outlive_its_socket():
    async with live(grace_s=2 * SOON_S) as server:
        async with peer(server, "/echo") as client:
            await client.send(CloseConnection(code=1000))
            assert await client.closed_with() == 1000
        server.shutdown.set()
        with trio.fail_after(SOON_S):
            await server.ended.wait()


async def test_a_shutdown_closes_sessions_with_1001_after_the_grace():
    app, ended = watched_session()
    limits = replace(CALM, farewell_s=SOON_S)
    async with live(app, limits, grace_s=0.1) as server, peer(server, "/session") as client:
        server.shutdown.set()
        assert await client.closed_with() == 1001
        with trio.fail_after(SOON_S):
            await server.ended.wait()
        assert ended.is_set()


async def test_a_plain_request_for_a_websocket_route_is_no_error():
    async with live() as server:
        assert (await server.ask(get("/echo"))).status in {400, 404}
