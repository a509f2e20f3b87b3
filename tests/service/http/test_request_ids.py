"""Every answer says which request it is for, on connections that carry several."""

from tests.service.live import get, live, peer, post, read_answer


async def test_each_request_of_a_connection_has_an_id_of_its_own():
    async with live() as server, await server.connect() as stream:
        seen = []
        for _ in range(3):
            await stream.send_all(get("/hello"))
            seen.append((await read_answer(stream)).headers["itten-request"])
        assert len(set(seen)) == 3


async def test_requests_sent_at_once_are_answered_under_their_own_ids():
    async with live() as server, await server.connect() as stream:
        ids = ["first", "second", "third"]
        await stream.send_all(b"".join(get("/hello", f"Itten-Request: {each}") for each in ids))
        assert [(await read_answer(stream)).headers["itten-request"] for _ in ids] == ids


async def test_refusals_and_sockets_have_one_too():
    async with live() as server:
        refused = await server.ask(post("/ignore", b"x", "Itten-Request: refused-1"))
        assert (refused.status, refused.headers["itten-request"]) == (404, "refused-1")
        async with peer(server, "/echo", ["Itten-Request: socket-1"]) as client:
            assert b"itten-request: socket-1" in client.handshake.lower()
