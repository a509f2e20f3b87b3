"""A worker process that inverts pictures instead of shading them, and misbehaves on demand.

With a source it fills them with the colour of the source's last pixel.

`python -m tests.service.shade_worker MODE --fd N` or `MODE --listen unix:/path`, where MODE is
`quick`, `slow` (20 ms a tile, and a checkpoint after each), `brief` (stops after BRIEF tiles),
`deaf` (never comes back from a step), `dying` (ends in its first step), `failing` (raises) or
`unready` (never says hello). With `heavy`, which is as `brief`, what is left to go on from is
large. `MODE:PATH` comes no further than so many tiles of a job as the file PATH says, HELD if it
is empty, as long as there is one.
"""

import io
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import msgspec
import numpy as np

from tests.worker.sample_runs import SampleRuns
from worker.engine import Engine
from worker.program import prepare_process, run_child, run_listening
from worker.runs import Alone, Array, Emission, Forecast, Work
from worker.wire.address import parse_address
from worker.wire.explained import PLACE, Match, Segment
from worker.wire.messages import (
    Certificate,
    Explained,
    Finished,
    Hello,
    PassDone,
    Preview,
    Submit,
    Tiles,
)
from worker.wire.params import FieldParams, ShadeParams

TILES = 4  # in every pass of every picture
SOURCE_TILES = 3  # in every source
BRIEF, BRIEF_FIELD = 6, 3  # tiles that a `brief` worker does of a job, before or after it goes on
HELD = 10  # tiles: two passes, and a part of the third
AGAIN_S = 0.5  # between two checkpoints of the same
HEAVY = 3 << 20  # bytes of work
HELLO = Hello(
    device="cpu", device_name="test", warning=None, shade_s_per_mp=0.01, field_s_per_mp=0.01
)


class InvertingRun:
    """Each step is a tile; a pass inverts the picture."""

    def __init__(self, mode: str, submit: Submit, pixels: bytes) -> None:
        self.mode, _, self.hold = mode.partition(":")
        self.submit, self.job = submit, submit.job
        self.shading = isinstance(submit.params, ShadeParams)
        self.passes = submit.params.passes if isinstance(submit.params, ShadeParams) else 1
        size = submit.target.nbytes
        end = size + (submit.source.nbytes if submit.source else 0)
        self.pixels, self.source, self.tiles = pixels[:size], pixels[size:end], 0
        self.before = SOURCE_TILES if submit.source else 0
        if submit.work_bytes:
            self._go_on(pixels[end:])
        self.began = self.saved = self.tiles
        self.saved_at = math.inf
        field = submit.params if isinstance(submit.params, FieldParams) else submit.params.field
        self.drawing, self.paper = field.render == "contours", field.background

    def step(self) -> Sequence[Emission]:
        if self.mode == "deaf":
            time.sleep(1000)
        if self.mode == "dying":
            os._exit(1)
        if self.mode == "failing":
            raise ZeroDivisionError("secret/path.py said no")
        if self.mode == "slow":
            time.sleep(0.02)
        if self._held:
            time.sleep(0.005)
            return []
        self.tiles += 1
        emissions = [self._tile(), self._preview()]
        if self.tiles <= self.before:
            return emissions[:1]
        if self.shading and self.of_passes % TILES == 0:
            self.pixels = self._shaded()
            index = self.of_passes // TILES
            emissions += [self._explained(index)] * self.submit.explain
            emissions.append((PassDone(job=self.job, index=index, of=self.passes), self.pixels))
        return emissions

    @property
    def _held(self) -> bool:
        try:
            return bool(self.hold) and self.tiles >= int(Path(self.hold).read_text() or HELD)
        except FileNotFoundError:
            return False

    def _go_on(self, work: bytes) -> None:
        with suppress(ValueError, KeyError, OSError, BadZipFile):  # else from the beginning
            self.tiles, self.pixels = gone_on_from(work, self.before)

    @property
    def stops(self) -> bool:
        most = BRIEF if self.shading else BRIEF_FIELD
        return self.mode in ("brief", "heavy") and self.tiles - self.began >= most

    def _explained(self, index: int) -> Emission:
        """A gate that is as high as the pass is late, lines on the left, a stroke of two pixels."""
        width, height = self.submit.width, self.submit.height
        lines = np.zeros((height, width), bool)
        lines[:, 0] = True
        message = Explained(
            job=self.job,
            index=index,
            segments=[Segment(1, 2, 2, 1, 2)],
            matches=[Match((1.5, 2.0), (4.1234567, 5.0), (1.5, 2.0), 90.0, 0.25)],
        )
        places = np.array([2 * width + 1, 2 * width + 2], PLACE)
        gate = bytes([100 + index]) * (width * height)
        return message, gate + np.packbits(lines).tobytes() + places.tobytes()

    def _shaded(self) -> bytes:
        if self.submit.source is None:
            return bytes(255 - np.frombuffer(self.pixels, np.uint8))
        colour = self.source[-self.submit.source.channels :][:3]
        filling = colour + b"\xff" * (self.submit.channels - 3)
        return filling * self.submit.target.area

    @property
    def of_passes(self) -> int:
        """Tiles of the passes that are done."""
        return max(0, self.tiles - self.before)

    @property
    def total(self) -> int:
        return TILES * self.passes + self.before

    @property
    def finished(self) -> bool:
        return self.tiles >= self.total

    def forecast(self, expected_s: float) -> Forecast:
        left_s = (self.total - self.tiles) * 0.01
        done = self.finished or self.stops
        return Forecast(None if done else Alone(0.01), 0.001, work_s=left_s)

    def drop(self) -> None:
        pass

    def conclude(self, within_s: float) -> Sequence[Emission]:
        reached = TILES if self.finished else self.of_passes % TILES
        size = self.submit.width * self.submit.height
        finished = Finished(
            job=self.job,
            state="complete" if self.finished else "partial",
            channels=self.submit.channels if self.shading else self._field_channels,
            pass_tiles_converged=reached,
            pass_tiles_total=TILES,
            passes_done=self.of_passes // TILES if self.shading else 0,
            passes_total=self.passes if self.shading else 0,
            tiles_done=self.tiles,
            tiles_total=self.total,
            field_s=0.25,
            shade_s=0.125,
            arrays=self.of_passes > 0 or self._keeps_work,
        )
        pixels = self.pixels if self.shading else bytes(self._field_channels * size)
        return [(finished, pixels)]

    @property
    def _field_channels(self) -> int:
        return 4 if self.drawing and self.paper is None else 3

    @property
    def _keeps_work(self) -> bool:
        return self.submit.keep_work and not self.finished

    def arrays(self) -> Iterator[tuple[str, Array]]:
        yield from self._field()

    def checkpoint(self, *, last: bool = False) -> Work | None:
        # One that a busy service has no time for is lost: while a job is held there are more.
        again = self.tiles != self.saved or time.monotonic() > self.saved_at + AGAIN_S
        if not last and (self.mode != "slow" or self.finished or not again):
            return None
        first = self.tiles - self.began == 1
        whole = last or first or self.of_passes % TILES == 0 or self.tiles == self.saved
        self.saved, self.saved_at = self.tiles, time.monotonic()
        arrays = {"tiles": np.array(self.tiles)}
        if whole:
            arrays["pixels"] = np.frombuffer(self.pixels, np.uint8)
            arrays["ballast"] = np.zeros(HEAVY if self.mode == "heavy" else 0, np.uint8)
        return Work(whole, arrays)

    def _field(self) -> Iterator[tuple[str, Array]]:
        h, w = self.submit.height, self.submit.width
        yield "vectors", np.ones((h, w, 4), np.float32)
        yield "lambda2", np.ones((h, w), np.float32)
        yield "tiles", np.array([[0, 0, h, w]], np.int32)
        yield "theta", np.ones((1, 4))
        for name in ("residual", "angle_bound"):
            yield name, np.zeros(1)
        yield "iterations", np.ones(1, np.int32)
        yield "status", np.array(["converged"])
        yield "picture", np.zeros((h, w, 3), np.uint8)
        if self.drawing:
            yield "svg", np.frombuffer(b'<svg xmlns="http://www.w3.org/2000/svg"/>', np.uint8)

    def _tile(self) -> Emission:
        certificate = Certificate(0, 0, 8, 8, "converged", 0.01, 0.5, 3)
        tiles = Tiles(
            job=self.job,
            pass_index=0,
            done=self.tiles,
            total=self.total,
            pass_done=self.tiles,
            pass_total=self.before,
            certificates=[certificate],
        )
        if self.of_passes:
            index, done = divmod(self.of_passes - 1, TILES)
            tiles = msgspec.structs.replace(
                tiles, pass_index=index + 1, pass_done=done + 1, pass_total=TILES
            )
        return tiles, b""

    def _preview(self) -> Emission:
        preview = Preview(
            job=self.job,
            kind="field",
            pass_index=1,
            x=0,
            y=0,
            width=2,
            height=1,
            full_width=self.submit.width,
            full_height=self.submit.height,
            pixel_width=2,
            pixel_height=1,
            channels=3,
        )
        return preview, bytes(6)


def gone_on_from(work: bytes, before: int = 0) -> tuple[int, bytes]:
    """Tiles and pixels: any checkpoint may be lost, and tiles hold for pixels of the same pass."""
    with np.load(io.BytesIO(work), allow_pickle=False) as arrays:
        [name] = [name for name in arrays.files if name.endswith("pixels")]
        tiles = [int(arrays[name]) for name in arrays.files if name.endswith("tiles")]
        whole = int(arrays[f"{name.removesuffix('pixels')}tiles"])
        here = [each for each in tiles if (each - before) // TILES == (whole - before) // TILES]
        return max(here), arrays[name].tobytes()


def main() -> int:
    mode, how, where = sys.argv[1:]
    prepare_process(is_child=how == "--fd")
    if mode.startswith("unready"):
        time.sleep(1000)
    engine = Engine(SampleRuns(lambda submit, pixels: InvertingRun(mode, submit, pixels)))
    if how == "--fd":
        return run_child(int(where), engine, HELLO)
    return run_listening([parse_address(where)], engine, HELLO)


if __name__ == "__main__":
    sys.exit(main())
