"""Listening to a job, over real WebSockets and server-sent events."""

import json
import struct
from contextlib import suppress

import httpx
import pytest
import trio
from httpx_ws import AsyncWebSocketSession, WebSocketDisconnect, WebSocketUpgradeError, aconnect_ws
from wsproto.events import BytesMessage, TextMessage
from wsproto.utilities import LocalProtocolError

from service.jobs.desk import MAX_LISTENERS
from tests.service.house import FRIEND, PATIENCE_S, House, assert_problem, house, png, shade

ENDS = ("complete", "partial", "failed", "cancelled")


async def heard(
    client: httpx.AsyncClient, path: str, headers: dict[str, str] | None = None
) -> tuple[list[dict], list[bytes], int]:
    """All text events, all binary frames, and the code of the close."""
    events: list[dict] = []
    frames: list[bytes] = []
    async with aconnect_ws(f"{path}/events", client, headers=headers or {}) as socket:
        try:
            while True:
                message = await socket.receive()
                if isinstance(message, TextMessage):
                    events.append(json.loads(message.data))
                elif isinstance(message, BytesMessage):
                    frames.append(bytes(message.data))
        except WebSocketDisconnect as end:
            return events, frames, end.code


async def test_a_job_is_heard_to_its_end():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=3)
        told: list[tuple[list[dict], list[bytes], int]] = []
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def listen() -> None:
                told.append(await heard(service.client, path))

            await until_listening(service, path)
            service.let_go()
    [(events, frames, code)] = told
    kinds = [each["type"] for each in events]
    assert code == 1000
    assert kinds[0] == "snapshot"
    assert {"tiles", "pass", "preview"} <= set(kinds)
    assert kinds[-1] == "complete"
    assert not set(kinds[:-1]) & set(ENDS)
    assert [each["seq"] for each in events] == sorted({each["seq"] for each in events})
    assert {each["job"] for each in events} == {path.removeprefix("/jobs/")}
    assert [each["data"] for each in events if each["type"] == "pass"][-1] == {"index": 3, "of": 3}
    assert events[-1]["data"]["state"] == "complete"
    previews = [each for each in events if each["type"] == "preview"]
    assert len(frames) == len(previews)
    (length,) = struct.unpack_from(">I", frames[0])
    header = json.loads(frames[0][4 : 4 + length])
    assert header["seq"] == previews[0]["seq"]
    assert (header["full_width"], header["full_height"]) == (32, 24)
    assert frames[0][4 + length :].startswith(b"RIFF")


async def test_the_result_is_there_when_its_end_is_heard():
    async with house("slow") as service:
        path = await service.start(png(), passes=1)
        await heard(service.client, path)
        for what in ("image", "image?pass=1", "field"):
            assert (await service.client.get(f"{path}/{what}")).status_code == 200


async def test_a_listener_to_a_job_that_has_ended_hears_the_end(site: httpx.AsyncClient):
    answer = await shade(site, png(), passes=1)
    events, _, code = await heard(site, f"/jobs/{answer.headers['itten-job']}")
    assert events[-1]["type"] == "complete"
    assert code == 1000
    assert len(events) <= 2


async def test_a_cancelled_job_ends_with_one_event():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=16)
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def listen() -> None:
                events, _, code = await heard(service.client, path)
                ends = [each["type"] for each in events if each["type"] in ENDS]
                assert (ends, code) == (["cancelled"], 1000)

            await until_listening(service, path)
            await service.client.delete(path)


async def test_sse_tells_the_same_without_pictures():
    async with house("slow") as service:
        path = await service.start(png(), passes=2)
        accept = {"Accept": "text/event-stream"}
        async with service.client.stream("GET", f"{path}/events", headers=accept) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            text = (await answer.aread()).decode()
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    events = [json.loads(block[2].removeprefix("data: ")) for block in blocks]
    assert [block[0] for block in blocks] == [f"id: {each['seq']}" for each in events]
    assert [block[1] for block in blocks] == [f"event: {each['type']}" for each in events]
    assert events[0]["type"] == "snapshot"
    assert events[-1]["type"] == "complete"


async def test_events_without_an_upgrade_are_streamed_or_refused(site: httpx.AsyncClient):
    answer = await shade(site, png(), passes=1)
    path = f"/jobs/{answer.headers['itten-job']}/events"
    assert (await site.get(path)).headers["content-type"].startswith("text/event-stream")
    assert_problem(await site.get(path, headers={"Accept": "image/png"}), 406, "not-acceptable")


@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [
        ("/jobs/neverexisted", None, 404),
        ("/jobs/neverexisted", "https://evil.example", 403),
        ("/jobs/neverexisted", "null", 403),
        ("/jobs/neverexisted", FRIEND, 404),
        ("/nope", None, 404),
    ],
)
async def test_a_handshake_that_is_refused_says_why(
    site: httpx.AsyncClient, path: str, origin: str | None, status: int
):
    with pytest.raises(WebSocketUpgradeError) as refused:
        await heard(site, path, {} if origin is None else {"Origin": origin})
    headers = refused.value.response.headers
    assert refused.value.response.status_code == status
    assert headers["content-type"] == "application/problem+json"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers.get("access-control-allow-origin") == (FRIEND if origin == FRIEND else None)


@pytest.mark.parametrize("path", ["/shade", "/healthz", "/static/main.js", "/jobs/neverexisted"])
async def test_where_there_is_no_socket_it_says_so(site: httpx.AsyncClient, path: str):
    with pytest.raises(WebSocketUpgradeError) as refused:
        async with aconnect_ws(path, site):
            pass
    assert refused.value.response.status_code == 404


async def test_the_services_own_page_may_listen(site: httpx.AsyncClient):
    answer = await shade(site, png(), passes=1)
    path = f"/jobs/{answer.headers['itten-job']}"
    _, _, code = await heard(site, path, {"Origin": str(site.base_url).rstrip("/")})
    assert code == 1000


async def test_who_hangs_up_is_forgotten_and_cancels_nothing():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=8)
        live = service.desk.live[path.removeprefix("/jobs/")]
        async with aconnect_ws(f"{path}/events", service.client) as socket:
            await socket.receive()
            assert live.broadcast.listeners == 1
        async with await trio.open_tcp_stream("127.0.0.1", service.port) as raw:
            await raw.send_all(f"GET {path}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert b"text/event-stream" in await raw.receive_some(1000)
            await until_listening(service, path)
        with trio.fail_after(PATIENCE_S):
            while live.broadcast.listeners:
                await trio.sleep(0.005)
        assert not live.settled.is_set()


async def test_who_never_reads_holds_nobody_up():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=4)
        raw = await trio.open_tcp_stream("127.0.0.1", service.port)
        async with raw:
            key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            upgrade = f"Connection: Upgrade\r\nUpgrade: websocket\r\n{key}"
            await raw.send_all(f"GET {path}/events HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n".encode())
            await until_listening(service, path)
            live = service.desk.live[path.removeprefix("/jobs/")]
            service.let_go()
            events, _, _ = await heard(service.client, path)
            assert events[-1]["type"] == "complete"
            with trio.fail_after(PATIENCE_S):  # and is not listened for when all is said
                while live.broadcast.listeners:
                    await trio.sleep(0.005)


async def test_so_many_listeners_and_no_more():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=16)
        live = service.desk.live[path.removeprefix("/jobs/")]
        boxes = [live.broadcast.subscribe() for _ in range(MAX_LISTENERS)]
        assert_problem(await service.client.get(f"{path}/events"), 503, "busy")
        boxes[0].close()
        async with aconnect_ws(f"{path}/events", service.client):
            pass


async def test_a_chatterer_is_listened_to_and_ignored():
    async with house("slow") as service:
        path = await service.start(png(), passes=2)
        async with aconnect_ws(f"{path}/events", service.client) as socket:
            with pytest.raises(WebSocketDisconnect) as end:
                await _chatter(socket)
        assert end.value.code == 1000


async def _chatter(socket: AsyncWebSocketSession) -> None:
    while True:
        with suppress(LocalProtocolError):  # it was closed, which is read next
            await socket.send_text("hello?")
        await socket.receive()


async def until_listening(service: House, path: str) -> None:
    live = service.desk.live[path.removeprefix("/jobs/")]
    with trio.fail_after(PATIENCE_S):
        while not live.broadcast.listeners:
            await trio.sleep(0.005)
