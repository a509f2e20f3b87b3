"""What decoding apart costs: a decoder process beside Pillow in the process that asks.

`python -m benchmarks.decoder` prints a table, and how long a small picture takes beside files that
are slow on purpose; on an idle machine it takes half a minute.
"""

import contextlib
import io
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial

import trio
from PIL import Image
from skimage import data

from service.pictures.decoder_process import start_decoder
from service.pictures.images import ARGV, Decoders, open_decoders
from service.problems import BrokenImage

ROUNDS, STARTS = 15, 5
SLOW, SCANS = 8, 300  # hostile files, and how often each goes through its 16 megapixels
PAUSE_S = 0.1
SIDES = (256, 1024, 3464)  # pixels; the last is 12 megapixels
FORMATS = ("PNG", "JPEG", "WEBP")
HEAD = (
    "| picture | file, kB | Pillow here, ms | header apart, ms | pixels apart, ms | more, ms |\n"
    "| --- | --- | --- | --- | --- | --- |"
)


def main() -> None:
    """Measure and print."""
    print(HEAD)
    trio.run(_measure)


async def _measure() -> None:
    photograph = Image.fromarray(data.astronaut())
    async with open_decoders(max(SIDES) ** 2) as decoders:
        for side in SIDES:
            picture = photograph.resize((side, side))
            for kind in FORMATS:
                print(await _row(decoders, kind, side, _file(picture, kind)), flush=True)
        small = _file(photograph.resize((256, 256)), "PNG")
    async with open_decoders(16_000_000) as decoders:
        taken = await _beside_slow_files(decoders, small)
    print(f"\nA small picture that comes with {SLOW} slow files takes {1000 * taken[0]:.0f} ms,")
    median, most = statistics.median(taken[1:]), max(taken[1:])
    print(f"{len(taken) - 1} that come later {1000 * median:.0f} ms, at most {1000 * most:.0f} ms.")
    starts = [await _took(_start) for _ in range(STARTS)]
    print(f"\nA process is started and ended in {1000 * statistics.median(starts):.0f} ms.")


async def _row(decoders: Decoders, kind: str, side: int, file: bytes) -> str:
    here = await _median(partial(_here, file))
    header = await _median(partial(decoders.header, file))
    pixels = await _median(partial(decoders.decode, file))
    cells = (1000 * each for each in (here, header, pixels, header + pixels - here))
    numbers = " | ".join(f"{cell:.1f}" for cell in cells)
    return f"| {kind}, {side} x {side} | {len(file) / 1000:.0f} | {numbers} |"


async def _beside_slow_files(decoders: Decoders, small: bytes) -> list[float]:
    """Seconds for one picture after the other, header and pixels, while the slow ones are there."""
    slow = _slow_file()
    taken: list[float] = []
    left = [SLOW]

    async def upload(file: bytes) -> None:
        with contextlib.suppress(BrokenImage):
            await decoders.header(file)
            await decoders.decode(file)

    async def upload_slow() -> None:
        await upload(slow)
        left[0] -= 1

    await decoders.decode(small)
    async with trio.open_nursery() as nursery:
        for _ in range(SLOW):
            nursery.start_soon(upload_slow)
        await trio.sleep(0)
        while left[0]:
            taken.append(await _took(partial(upload, small)))
            await trio.sleep(PAUSE_S)
    return taken


def _slow_file() -> bytes:
    """A progressive JPEG of 16 megapixels that goes through them again and again."""
    file = io.BytesIO()
    Image.new("L", (4000, 4000), 99).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    scan = data.rindex(b"\xff\xda")
    return data[:scan] + data[scan:-2] * SCANS + data[-2:]


def _file(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


async def _here(file: bytes) -> None:
    Image.open(io.BytesIO(file)).convert("RGB").tobytes()


async def _start() -> None:
    async with start_decoder(ARGV):
        pass


async def _median(task: Callable[[], Awaitable[object]]) -> float:
    return statistics.median([await _took(task) for _ in range(ROUNDS)])


async def _took(task: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await task()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
