import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from service.pictures import images
from service.pictures.decoder_pool import PLACES
from service.pictures.decoder_process import DecoderLost, start_decoder
from service.pictures.images import Decoders, Header, open_decoders
from service.problems import BrokenImage, TooManyPixels, UnsupportedFormat
from tests.service import hostile_decoder as hostile
from tests.service.image_files import as_image, distance, photo, png, saved

HOSTILE = (sys.executable, "-m", "tests.service.hostile_decoder")
GOOD = saved(photo(), "PNG")


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    async with open_decoders(1_000_000, HOSTILE) as pool:
        yield pool


async def _works(decoders: Decoders) -> None:
    """Every place of the pool decodes."""
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            for _ in range(2 * PLACES):
                nursery.start_soon(decoders.decode, GOOD)


async def test_header_and_pixels(decoders: Decoders):
    assert await decoders.header(GOOD) == Header(format="PNG", width=48, height=32)
    assert distance(as_image(await decoders.decode(GOOD)), photo()) == 0


async def test_a_picture_larger_than_any_buffer_on_the_way(decoders: Decoders):
    image = photo(1000, 1000, "RGBA")
    image.putpixel((0, 0), (0, 0, 0, 0))
    assert distance(as_image(await decoders.decode(saved(image, "PNG"))), image) == 0


async def test_shrinking_while_decoding(decoders: Decoders):
    picture = await decoders.decode(saved(photo(400, 200), "JPEG"), max_side=100)
    assert (picture.width, picture.height) == (100, 50)


async def test_the_pixels_cannot_be_written(decoders: Decoders):
    assert memoryview((await decoders.decode(GOOD)).pixels).readonly


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (b"", BrokenImage),
        (b"no image", UnsupportedFormat),
        (saved(photo(), "PPM"), UnsupportedFormat),
        (GOOD[:60], BrokenImage),
        (png(64250, 64250, 8, 2, bytes(5000)), TooManyPixels),
    ],
)
async def test_refusals_arrive_as_problems_and_cost_no_process(
    decoders: Decoders, file: bytes, problem: type[Exception]
):
    before = _pids(decoders)
    with pytest.raises(problem):
        await decoders.decode(file)
    if problem is not BrokenImage or not file:  # of a cut file the header may be whole
        with pytest.raises(problem):
            await decoders.header(file)
    assert before <= _pids(decoders)
    await _works(decoders)


def _pids(decoders: Decoders) -> set[int]:
    return {decoder.process.pid for decoder in decoders.pool._idle}


async def test_a_crash_is_a_broken_image_and_the_process_is_replaced(decoders: Decoders):
    for _ in range(2 * PLACES):
        with pytest.raises(BrokenImage, match="crash"):
            await decoders.decode(hostile.LATER + hostile.CRASH)
    await _works(decoders)


@pytest.mark.parametrize("times", [2, 3])
async def test_what_kills_every_process_is_not_the_doing_of_a_file(
    decoders: Decoders, tmp_path: Path, times: int
):
    said = (hostile.LATER + hostile.KILLED, os.fsencode(tmp_path), times, GOOD)
    file = b"%s %s %d %s" % said
    if times == 2:
        assert (await decoders.decode(file)).width == 48
    else:
        with pytest.raises(BrokenImage, match="crash"):
            await decoders.decode(file)


async def test_a_hang_is_a_broken_image(decoders: Decoders, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(images, "DECODE_S", 0.2)
    with pytest.raises(BrokenImage, match="longer"):
        await decoders.decode(hostile.LATER + hostile.HANG)
    monkeypatch.undo()
    await _works(decoders)


@pytest.mark.parametrize("when", [b"", hostile.LATER])
async def test_processor_time_is_limited(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch, when: bytes
):
    for patience in ("HEADER_S", "DECODE_S"):  # which the processor time of a busy machine outlasts
        monkeypatch.setattr(images, patience, 60.0)
    with pytest.raises(BrokenImage, match="processor time"):
        await decoders.decode(when + hostile.SPIN)
    await _works(decoders)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit address space")
async def test_memory_is_limited(decoders: Decoders):
    with pytest.raises(BrokenImage, match="memory"):
        await decoders.decode(hostile.LATER + hostile.BLOAT)
    await _works(decoders)


async def test_the_process_cannot_write_to_disk(decoders: Decoders, tmp_path: Path):
    with pytest.raises(BrokenImage):
        await decoders.decode(hostile.LATER + hostile.WRITE + b" " + bytes(tmp_path / "copy"))
    assert (tmp_path / "copy").stat().st_size == 0


async def test_a_request_that_is_cancelled_frees_its_place(decoders: Decoders):
    for _ in range(2 * PLACES):
        with trio.move_on_after(0.1) as scope:
            await decoders.decode(hostile.LATER + hostile.HANG)
        assert scope.cancelled_caught
    await _works(decoders)


async def test_more_requests_than_places_wait_their_turn(decoders: Decoders):
    done = []

    async def decode() -> None:
        done.append(await decoders.decode(GOOD))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(decode)
    assert len(done) == 20


async def test_processes_that_die_at_rest_are_nobodys_fault(decoders: Decoders):
    await _works(decoders)
    for decoder in list(decoders.pool._idle):
        decoder.process.kill()
    await _works(decoders)


async def test_no_process_outlives_the_pool():
    async with open_decoders(1_000_000) as pool:
        await _works(pool)
        processes = [decoder.process for decoder in pool.pool._idle]
    assert processes
    assert all(process.returncode is not None for process in processes)


async def test_a_pool_that_cannot_start_says_so():
    with pytest.RaisesGroup(DecoderLost):
        async with open_decoders(1_000_000, (sys.executable, "-c", "")):
            pass


async def test_a_process_ends_when_the_service_is_gone():
    async with start_decoder(images.ARGV) as decoder:
        decoder._connection.close()
        with trio.fail_after(60):
            assert await decoder.process.wait() == 0
