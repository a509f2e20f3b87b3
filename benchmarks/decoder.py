"""What decoding apart costs: a decoder process beside Pillow in the process that asks.

`python -m benchmarks.decoder` prints a table; on an idle machine it takes half a minute.
"""

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

ROUNDS, STARTS = 15, 5
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
    starts = [await _took(_start) for _ in range(STARTS)]
    print(f"\nA process is started and ended in {1000 * statistics.median(starts):.0f} ms.")


async def _row(decoders: Decoders, kind: str, side: int, file: bytes) -> str:
    here = await _median(partial(_here, file))
    header = await _median(partial(decoders.header, file))
    pixels = await _median(partial(decoders.decode, file))
    cells = (1000 * each for each in (here, header, pixels, header + pixels - here))
    numbers = " | ".join(f"{cell:.1f}" for cell in cells)
    return f"| {kind}, {side} x {side} | {len(file) / 1000:.0f} | {numbers} |"


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
