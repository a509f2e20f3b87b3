import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from service.pictures import decoder_pool, images
from service.pictures.decoder_pool import PLACES
from service.pictures.decoder_process import Decoder, start_decoder
from service.pictures.images import Decoders, open_decoders
from service.problems import BrokenImage
from tests.service import hostile_decoder as hostile
from tests.service.image_files import as_image, distance, photo, saved

HOSTILE = (sys.executable, "-m", "tests.service.hostile_decoder")
GOOD = saved(photo(), "PNG")
APART = 1


@pytest.fixture
async def decoders(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Decoders]:
    monkeypatch.setattr(decoder_pool, "HANG_S", 1.0)  # an honest file is done by then
    monkeypatch.setattr(decoder_pool, "APART", APART)
    async with open_decoders(1_000_000, HOSTILE) as pool:
        yield pool


async def test_slow_files_keep_no_other_waiting(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(images, "DECODE_S", 300.0)
    async with trio.open_nursery() as nursery:
        for _ in range(PLACES + APART + 1):
            nursery.start_soon(decoders.decode, hostile.LATER + hostile.HANG)
        await wait_all_tasks_blocked()
        with trio.fail_after(120):  # less than what the first of them may take
            await decoders.decode(GOOD)
        nursery.cancel_scope.cancel()
    with trio.fail_after(60):
        for _ in range(2 * PLACES):
            await decoders.decode(GOOD)
        while len(decoders.pool._idle) != PLACES:  # it is as it was
            await trio.sleep(0.02)


async def test_a_file_that_is_put_off_is_decoded_all_the_same(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(decoder_pool, "HANG_S", 0.1)
    for _ in range(APART):
        decoders.pool._apart.acquire_nowait()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_decoded, decoders, hostile.LATER + hostile.SLOW + b" 0.5 " + GOOD)
        while not decoders.pool._apart.statistics().tasks_waiting:
            await trio.sleep(0.01)
        monkeypatch.setattr(decoder_pool, "HANG_S", 60.0)  # or the next would be put off, too
        await decoders.decode(GOOD)
        decoders.pool._apart.release()
    assert not decoders.failures


async def _decoded(decoders: Decoders, file: bytes) -> None:
    assert distance(as_image(await decoders.decode(file)), photo()) == 0


async def test_who_takes_processor_time_is_set_apart_soon(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decoder_pool, "HANG_S", 300.0)
    monkeypatch.setattr(decoder_pool, "TURN_S", 0.05)
    async with open_decoders(1_000_000, HOSTILE) as decoders, trio.open_nursery() as nursery:
        nursery.start_soon(_refused, decoders, hostile.LATER + hostile.SPIN)
        with trio.fail_after(60):
            while decoders.pool._apart.value == decoder_pool.APART:
                await trio.sleep(0.005)
        nursery.cancel_scope.cancel()


async def _refused(decoders: Decoders, file: bytes) -> None:
    with pytest.raises(BrokenImage, match="Decoding"):
        await decoders.decode(file)


async def test_long_tasks_leave_a_place_to_short_ones(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(decoder_pool, "HANG_S", 60.0)
    while len(decoders.pool._idle) < PLACES:
        await trio.sleep(0.01)
    end = trio.Event()
    seen: list[str] = []

    async def run(name: str, expected_s: float) -> None:
        async def task(_: Decoder) -> None:
            seen.append(name)
            if name == "long 0":
                await end.wait()

        await decoders.pool.run(expected_s, task)

    async with trio.open_nursery() as nursery:
        for index in range(PLACES + 1):
            nursery.start_soon(run, f"long {index}", 2 * decoder_pool.SHORT_S)
            await wait_all_tasks_blocked()
        await run("short", 0.0)
        with trio.move_on_after(0) as gives_up:
            await run("nobody", 2 * decoder_pool.SHORT_S)
        assert gives_up.cancelled_caught
        end.set()
    assert seen == ["long 0", "short", *(f"long {index}" for index in range(1, PLACES + 1))]
    await run("long 0", 2 * decoder_pool.SHORT_S)


async def test_a_decoder_has_one_thread(monkeypatch: pytest.MonkeyPatch):
    """Each of BLAS takes address space, which is limited: on many cores too much of it."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "64")
    async with start_decoder(images.ARGV) as decoder:
        status = Path(f"/proc/{decoder.process.pid}/status").read_text()
    assert "Threads:\t1\n" in status
