"""Many bodies and answers, sent and read slowly: together they take no more than so much."""

from contextlib import AsyncExitStack

import trio

from service.http.room import Room
from tests.service.http.test_serving_guards import slow_reader
from tests.service.live import MAX_BODY, SOON_S, Live, get, head, live, plain_app, post, read_answer

HALF = bytes(MAX_BODY // 2)


def test_what_is_alone_has_room():
    room = Room(most=10)
    assert room.has(100)
    with room.holding(4):
        assert room.has(6)
        assert not room.has(7)
    assert room.has(100)


async def uploading(server: Live, stack: AsyncExitStack) -> trio.SocketStream:
    """A client that has sent half of its body, and waits."""
    stream = await stack.enter_async_context(await server.connect())
    begun = head("POST /length HTTP/1.1", "Host: x", f"Content-Length: {MAX_BODY}")
    await stream.send_all(begun + HALF)
    return stream


async def test_bodies_beyond_the_room_are_503_and_leave_it_when_they_end():
    async with live() as server:
        server.app.room.most = 2 * MAX_BODY
        async with AsyncExitStack() as stack:
            held = [await uploading(server, stack) for _ in range(4)]
            with trio.fail_after(SOON_S):
                while server.app.room.taken < 4 * len(HALF):
                    await trio.sleep(0.01)
            refused = await server.ask(post("/length", HALF))
            assert refused.status == 503
            assert refused.headers["retry-after"] == "1"
            assert b"send it again" in refused.body
            assert (await server.ask(get("/hello"))).status == 200
            await held[0].send_all(HALF)
            assert (await read_answer(held[0])).status in (200, 503)
        with trio.fail_after(SOON_S):
            while server.app.room.taken:
                await trio.sleep(0.01)
        assert (await server.ask(post("/length", bytes(MAX_BODY)))).status == 200


async def test_answers_beyond_the_room_are_503():
    app = plain_app()

    @app.get("/large")
    async def _large() -> bytes:
        return bytes(20_000_000)

    async with live(app) as server:
        app.room.most = 30_000_000
        async with await slow_reader(server):
            with trio.fail_after(SOON_S):
                while not app.room.taken:
                    await trio.sleep(0.01)
            refused = await server.ask(get("/large"))
            assert refused.status == 503
            assert refused.headers["content-type"] == "application/problem+json"
        with trio.fail_after(SOON_S):
            while app.room.taken:  # until it is seen that the slow one has left
                await trio.sleep(0.01)
        assert len((await server.ask(get("/large"))).body) == 20_000_000
        with trio.fail_after(SOON_S):
            while app.room.taken:
                await trio.sleep(0.01)
