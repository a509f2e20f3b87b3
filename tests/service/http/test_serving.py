"""The server over real sockets: starting, everyday HTTP, requests that are none, ending."""

import errno
import json
from contextlib import suppress
from dataclasses import replace

import httpx
import pytest
import structlog
import trio

from service.http.h11_guards import origin_form
from service.http.pins import PATCHED, require_pins
from service.http.serving import serve
from tests.service.live import (
    CALM,
    MAX_BODY,
    SHORT_S,
    SOON_S,
    Answer,
    get,
    head,
    live,
    plain_app,
    post,
    read_answer,
    read_to_end,
    upgrade,
)

BRIEF = replace(CALM, header_s=SHORT_S)


def test_another_version_of_a_patched_library_is_refused_by_name():
    require_pins()
    with pytest.raises(RuntimeError, match=r"hypercorn 9\.9 is needed"):
        require_pins(dict(PATCHED) | {"hypercorn": "9.9"})


async def test_port_0_reports_the_real_port_and_another_server_cannot_have_it():
    async with live() as server:
        await server.assert_alive()
        with pytest.raises(OSError, match=r"cannot listen on 127\.0\.0\.1, port") as caught:
            await serve(
                plain_app(),
                host="127.0.0.1",
                port=server.port,
                shutdown=trio.Event(),
                grace_s=0,
                max_body=1,
            )
        assert caught.value.errno == errno.EADDRINUSE


async def test_start_up_shut_down_and_background_tasks_of_the_application_run():
    app = plain_app()
    seen = []

    @app.before_serving
    async def _before() -> None:
        seen.append("before")
        app.add_background_task(trio.sleep_forever)

    @app.after_serving
    async def _after() -> None:
        await trio.lowlevel.checkpoint()
        seen.append("after")

    async with live(app):
        assert seen == ["before"]
    assert seen == ["before", "after"]

    with trio.CancelScope() as cancelled:
        async with live(app):
            cancelled.cancel()
            await trio.sleep_forever()
    assert cancelled.cancelled_caught
    assert seen == ["before", "after"] * 2


async def test_get_head_and_keep_alive_on_one_connection():
    async with live() as server, await server.connect() as stream:
        for method, body in (("GET", b"hello"), ("HEAD", b""), ("GET", b"hello")):
            await stream.send_all(get("/hello", method=method))
            answer = await read_answer(stream, method)
            assert (answer.status, answer.body) == (200, body)
            assert answer.headers["content-length"] == "5"
            assert "server" not in answer.headers


async def test_pipelined_requests_are_answered_in_turn():
    async with live() as server, await server.connect() as stream:
        await stream.send_all(post("/length", b"abc") + get("/hello", "Connection: close"))
        text = (await read_to_end(stream)).decode()
        assert text.index("\r\n\r\n3") < text.index("\r\n\r\nhello")


async def test_a_usual_client_uploads_and_is_answered():
    async with live() as server, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{server.port}"
        form = await client.post(f"{url}/form", files={"target": b"x" * 700_000}, data={"a": "1"})
        assert form.json() == {"target": 700_000, "a": "1"}
        assert (await client.post(f"{url}/length", content=b"y" * MAX_BODY)).text == str(MAX_BODY)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_connection_close_and_http_1_0_are_closed_after_the_answer(version: str):
    headers = ["Connection: close"] if version == "1.1" else []
    async with live() as server, await server.connect() as stream:
        await stream.send_all(get("/hello", *headers, version=version))
        with trio.fail_after(SOON_S):
            assert (await read_to_end(stream)).endswith(b"hello")


async def test_an_idle_connection_is_closed_after_the_header_limit():
    async with live(limits=BRIEF) as server, await server.connect() as stream:
        await stream.send_all(get("/hello"))
        await read_answer(stream)
        with trio.fail_after(SOON_S):
            assert await read_to_end(stream) == b""


async def test_a_client_that_leaves_an_idle_connection_takes_the_server_s_end_with_it():
    async with live() as server, await server.connect() as stream:
        await stream.send_all(get("/hello"))
        await read_answer(stream)
        await stream.send_eof()
        with trio.fail_after(SOON_S):
            assert await read_to_end(stream) == b""


async def test_a_header_that_trickles_in_ends_at_the_same_limit():
    async with live(limits=BRIEF) as server, await server.connect() as stream:
        with trio.fail_after(SOON_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_trickle, stream)
                assert await read_to_end(stream) == b""
                nursery.cancel_scope.cancel()
        await server.assert_alive()


async def _trickle(stream: trio.SocketStream) -> None:
    with suppress(trio.BrokenResourceError):
        await stream.send_all(b"GET /hello HTTP/1.1\r\n")
        for number in range(1000):
            await stream.send_all(b"X-%d: y\r\n" % number)
            await trio.sleep(0.02)


GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),  # a TLS client
    b"hello\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "GÉT / HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    b"GET / HTTP/1.1\r\n\r\n",  # no Host
    head("GET ?x=1 HTTP/1.1", "Host: x"),
    head("GET * HTTP/1.1", "Host: x"),
    head("CONNECT x:80 HTTP/1.1", "Host: x"),
    head("GET http://[?x HTTP/1.1", "Host: x"),
    head("POST / HTTP/1.1", "Host: x", "Content-Length: -1"),
    head("POST / HTTP/1.1", "Host: x", "Content-Length: 1", "Content-Length: 2"),
    head("POST /length HTTP/1.1", "Host: x", "Transfer-Encoding: chunked") + b"zz\r\n",
    head("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "Content-Length: 5") + b"0",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x05\x02\x00\x00\x00\x00\x03abcde" * 50,
    head("GET /hello HTTP/1.1", "Host: x", "X-Long: " + "y" * 200_000),
    head("GET /hello HTTP/1.1", "Host: ."),
    head("GET /hello HTTP/1.1", "Host: " + "a" * 64),
    head("GET /hello HTTP/1.1", "Host: a.example/b"),
    head("GET /hello HTTP/1.1", "Host: \xe4"),
    head("GET /hello HTTP/1.1", "Host: x", "X: a\r\n b"),
    head("POST /length HTTP/1.1", "Host: x", "Transfer-Encoding:\r\n chunked") + b"0\r\n\r\n",
    head("GET /hello HTTP/2.0", "Host: x"),
    get("/hello", "Authorization: Bearer a", "Authorization: Bearer b"),
    get("/hello", "Origin: http://test", "Origin: https://evil.example"),
    upgrade("/echo", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
]


@pytest.mark.parametrize("raw", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_gets_a_problem_and_no_stack_trace(
    raw: bytes, capfd: pytest.CaptureFixture[str]
):
    async with live() as server:
        async with await server.connect() as stream:
            await stream.send_all(raw)
            answer = await read_answer(stream)
            assert await read_to_end(stream) == b""
        assert_refusal(answer, 400)
        await server.assert_alive()
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err


def assert_refusal(answer: Answer, status: int) -> None:
    document = json.loads(answer.body)
    assert answer.status == document["status"] == status
    assert document["detail"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_refusal_is_named_in_the_log_and_has_no_body_where_none_is_asked_for():
    with structlog.testing.capture_logs() as lines:
        async with live() as server, await server.connect() as stream:
            await stream.send_all(head("HEAD * HTTP/1.1", "Host: x", "Itten-Request: r-1"))
            answer = await read_to_end(stream)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"itten-request: r-1\r\n\r\n")
    assert [line["event"] for line in lines] == ["no request"]


async def test_a_second_request_that_is_none_is_not_called_by_the_name_of_the_first():
    async with live() as server, await server.connect() as stream:
        await stream.send_all(get("/hello", "Itten-Request: first"))
        assert (await read_answer(stream)).headers["itten-request"] == "first"
        await stream.send_all(b"\0\r\n\r\n")
        answer = await read_answer(stream)
        assert_refusal(answer, 400)
        assert answer.headers["itten-request"] not in ("", "first")


async def test_an_offer_of_http_2_is_answered_in_http_1_1():
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    async with live() as server:
        assert (await server.ask(get("/hello", *offer))).body == b"hello"


def test_targets_become_paths():
    assert origin_form(b"/a?b") == b"/a?b"
    assert origin_form(b"http://host/a?b") == b"/a?b"
    assert origin_form(b"HTTP://host") == b"/"
    assert origin_form(b"host:80") is None


async def test_usual_hosts_are_taken():
    hosts = ("", "x", "x:80", "a_b.example.", "127.0.0.1:8000", "[::1]:8000", "[fe80::1%25eth0]")
    async with live() as server:
        for host in hosts:
            answer = await server.ask(head("GET /hello HTTP/1.1", f"Host: {host}"))
            assert answer.body == b"hello", host
        assert (await server.ask(head("GET /hello HTTP/1.0"))).body == b"hello"


async def test_an_absolute_target_is_served():
    async with live() as server:
        assert (await server.ask(get("http://elsewhere/hello"))).body == b"hello"


async def test_shutdown_stops_accepting_ends_idle_connections_and_lets_a_request_finish():
    app = plain_app()
    entered, release = trio.Event(), trio.Event()

    @app.get("/wait")
    async def _wait() -> str:
        entered.set()
        await release.wait()
        return "finished"

    async with (
        live(app, replace(CALM, linger_s=SHORT_S), grace_s=2 * SOON_S) as server,
        await server.connect() as idle,
        await server.connect() as busy,
    ):
        await busy.send_all(get("/wait"))
        await entered.wait()
        server.shutdown.set()
        assert await read_to_end(idle) == b""
        with pytest.raises(OSError, match="all attempts to connect"):
            await server.connect()
        release.set()
        assert (await read_to_end(busy)).endswith(b"finished")
        await server.ended.wait()


async def test_the_end_of_the_grace_cancels_what_is_still_running():
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

    async with live(app, grace_s=0.1) as server, await server.connect() as stream:
        await stream.send_all(get("/wait"))
        await entered.wait()
        server.shutdown.set()
        with trio.fail_after(SOON_S):
            await server.ended.wait()
        assert cancelled.is_set()
        assert await read_to_end(stream) == b""
