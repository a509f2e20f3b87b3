"""Cheap runs for tests of everything around the computation; the job's id says what it does.

`tiles-…` jobs are solved in batches, `pieces-…` jobs in steps that are estimated to be long.
"""

import math
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import numpy as np
import trio

from worker.engine import Engine
from worker.runs import Alone, Array, Emission, Forecast, Poisoned, Tiles, Work
from worker.server import serve
from worker.wire.channel import Channel
from worker.wire.framing import FrameDecoder
from worker.wire.messages import Finished, Hello, PassDone, Submit, ToService, Turn
from worker.wire.params import FieldParams

HELLO = Hello(
    device="cpu", device_name="test", warning=None, shade_s_per_mp=1.0, field_s_per_mp=1.0
)
PARAMS = FieldParams(
    tile_size=64,
    overlap=16,
    tolerance=0.03,
    radii=(1,),
    radius_weights=(1.0,),
    edge_threshold=0.1,
    align="sign",
    structure_weight=False,
    channel=1,
)
STEP_S, CONCLUDE_S = 0.002, 0.001
PIECES_S = 1.0  # estimated for a step of a `pieces-…` job
T = TypeVar("T")
dropped: list[str] = []  # jobs whose runs were let go of
FLOOD_BYTES = 8 << 20
HANGS = "hangs"  # what a `hangs-…` job prints once its step never ends

gate = threading.Event()  # `blocked-…` jobs stay in their step until it is set
in_step = threading.Event()  # set by a `blocked-…` job once it is there


class SampleRun:
    """Counts its steps; `<what>-<steps>` is finished after so many of about 2 ms."""

    def __init__(self, submit: Submit, pixels: bytes) -> None:
        self.job = submit.job
        self.what, _, steps = submit.job.partition("-")
        self.total = int(steps) if steps.isdecimal() else 3
        self.done = 0
        self.pixels = pixels
        if self.what == "unbuildable":
            raise MemoryError("no room for it")

    def step(self) -> Sequence[Emission]:
        if self.what == "fatal":
            raise Poisoned("a result is not finite")
        if self.what == "dies":
            os._exit(9)
        if self.what == "raises":
            raise ValueError("the matrix is upside down\nsecond line")
        if self.what == "hangs":
            print(HANGS, flush=True)
            time.sleep(1000)
        if self.what == "blocked":
            in_step.set()
            gate.wait(60)
        time.sleep(STEP_S)
        self.done += 1
        payload = bytes(FLOOD_BYTES) if self.what == "floods" else b""
        return [(PassDone(job=self.job, index=self.done, of=self.total), payload)]

    @property
    def finished(self) -> bool:
        return self.done >= self.total

    def forecast(self, expected_s: float) -> Forecast:
        left = self.total - self.done
        offer: Alone | Tiles | None = Alone(PIECES_S if self.what == "pieces" else STEP_S)
        if self.what.startswith("tiles"):
            offer = Tiles(key="a tile", count=left, each_s=0.01)
        return Forecast(offer if left > 0 else None, CONCLUDE_S, work_s=left * STEP_S)

    def solved(self, count: int) -> Sequence[Emission]:
        if self.what == "tilesdie":
            os._exit(9)
        if self.what == "tilesraise":
            raise ValueError("a bad tile")
        self.done += count
        return [(PassDone(job=self.job, index=self.done, of=self.total), b"")]

    def drop(self) -> None:
        dropped.append(self.job)

    def conclude(self, within_s: float) -> Sequence[Emission]:
        if self.what == "inconclusive":
            raise ZeroDivisionError("no tiles")
        state = "complete" if self.finished else "partial"
        finished = Finished(
            job=self.job,
            state=state,
            passes_done=self.done,
            passes_total=self.total,
            arrays=self.what in ("arrays", "torn", "diesatlast"),
        )
        return [(finished, self.pixels)]

    def checkpoint(self, *, last: bool = False) -> Work | None:
        step = np.array(self.done)
        return Work(
            whole=self.done == 1, arrays={"step": step, "ballast": np.zeros(9 << 20, np.uint8)}
        )

    def arrays(self) -> Iterator[tuple[str, Array]]:
        if self.what == "diesatlast":
            os._exit(9)
        yield "vectors", np.arange(3 << 20, dtype=np.float32).reshape(-1, 4)
        if self.what == "torn":
            raise OSError("torn")
        yield "tiles", np.zeros((0, 4), np.int32)
        yield "status", np.array(["converged", "coarse"])


class Pieces(Generic[T]):
    """A call of three pieces, of which the last does it all."""

    def __init__(self, call: Callable[[], T]) -> None:
        self.left, self.call = 3, call
        self.abandoned = False

    def resume(self, seconds: float) -> bool:
        self.left -= 1
        if self.left == 0:
            self.value = self.call()
        return self.left <= 0

    def result(self) -> T:
        return self.value

    def abandon(self) -> None:
        self.abandoned = True


class SampleRuns:
    """All that an engine computes, of one kind; `batches` says what was solved together."""

    def __init__(self, make: Callable[[Submit, bytes], Any] = SampleRun) -> None:
        self.make = make
        self.batches: list[dict[str, int]] = []
        self.pieces: list[Pieces[Any]] = []

    def foresee(self, submit: Submit) -> Forecast:
        step_s = PIECES_S if submit.job.startswith("pieces") else STEP_S
        return Forecast(Alone(step_s), CONCLUDE_S, work_s=step_s)

    def solve(self, shares: Sequence[tuple[Any, int]]) -> list[Sequence[Emission]]:
        self.batches.append({run.job: count for run, count in shares})
        time.sleep(STEP_S)
        return [run.solved(count) for run, count in shares]

    def interruptible(self, call: Callable[[], T]) -> Pieces[T]:
        self.pieces.append(Pieces(call))
        return self.pieces[-1]


def submit(job: str, budget_s: float = 60.0, width: int = 2, height: int = 2) -> Submit:
    return Submit(job=job, width=width, height=height, channels=3, budget_s=budget_s, params=PARAMS)


PIXELS = bytes(range(12))  # of 2 x 2 x 3


class Reports(Channel[ToService]):
    """A service's end, without being told whose turn it is."""

    async def __anext__(self) -> tuple[ToService, bytes]:
        while isinstance((received := await super().__anext__())[0], Turn):
            pass
        return received


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(engine.run)
        yield
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def connected(engine: Engine, stats_s: float = math.inf) -> AsyncIterator[Channel[ToService]]:
    """A service's end of a connection to `engine`, past the hello."""
    near, far = (trio.SocketStream(sock) for sock in trio.socket.socketpair())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, far, engine, HELLO, stats_s)
        async with Reports(near, FrameDecoder(ToService)) as channel:
            assert (await anext(channel))[0] == HELLO
            yield channel


async def until_finished(channel: Channel[ToService], job: str) -> tuple[Finished, bytes]:
    async for message, payload in channel:
        if isinstance(message, Finished) and message.job == job:
            return message, payload
    raise AssertionError("the worker hung up")
