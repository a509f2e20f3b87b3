"""Coroutines that never wait, without an event loop; and what those that wait leave behind."""

import gc
from collections.abc import AsyncGenerator
from functools import partial

import httpx
import pytest
import trio

from service.client.wires import AsyncWire, each, run


async def count(closed: list[int]) -> AsyncGenerator[int, None]:
    try:
        for number in range(3):
            yield number
    finally:
        closed.append(1)


async def failing() -> int:
    raise ZeroDivisionError


def test_what_they_return_yield_and_raise() -> None:
    async def two() -> int:
        return 2

    closed: list[int] = []
    assert run(two()) == 2
    assert list(each(count(closed))) == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        run(failing())


def test_a_generator_that_is_left_is_closed() -> None:
    closed: list[int] = []
    values = each(count(closed))
    assert next(values) == 0
    values.close()
    assert closed == [1]


async def test_what_waits_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="waits"):
        run(trio.sleep(0))


async def test_an_upload_that_is_cancelled_leaves_nothing_unclosed() -> None:
    async def deaf(stream: trio.SocketStream) -> None:
        async with stream:
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, deaf, 0, host="127.0.0.1")
        [listener] = await nursery.start(serve)
        url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url) as http:
            with trio.move_on_after(0.1) as scope:
                await AsyncWire(http).call("PUT", "/", files={"target": bytes(16 << 20)})
        assert scope.cancelled_caught  # a warning would fail this
        gc.collect()
        nursery.cancel_scope.cancel()
