"""Jobs whose answer is data: any computation of `worker.wire.jobs`, as the engine runs it."""

import io
import time
from collections.abc import Iterator, Sequence

import numpy as np
import structlog
import torch
from torch import Tensor

from worker.fibers import worked
from worker.runs import Alone, Array, Emission, Forecast, Work
from worker.wire.jobs import KINDS
from worker.wire.jobs.answers import document, linked, listed
from worker.wire.jobs.kind import Computation
from worker.wire.jobs.kind import Patch as Values
from worker.wire.messages import Finished, Patch, Submit
from worker.wire.params import DataParams

RESULT = "result."  # before the names of arrays of the answer
MOST_IN_PATCH = 10_000  # places that one message tells of

PATCH_S = 0.1  # ten a second
CONCLUDE_S, CONCLUDE_S_PER_BYTE = 0.02, 2e-9  # of the input: what a large graph leads to
TAKING_S_PER_BYTE = 5e-9  # to unpack the input, and what there is to go on from
FIRST_S_PER_BYTE = 1e-8  # of a first step, which looks at all of the input

CHECKPOINT_S = 1.0  # between two
CHECKPOINT_SHARE = 0.05  # of the time, at most, for those
CHECKPOINT_PRICE_S, CHECKPOINT_PRICE_S_PER_BYTE = 0.004, 4e-9
_log = structlog.get_logger()


def tensor(array: Array, device: torch.device) -> Tensor:
    """An array there; nobody writes to the memory that it may share."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)


def resized(image: Tensor, size: tuple[int, int]) -> Tensor:
    """A picture (H, W) in another size, by area."""
    return torch.nn.functional.interpolate(image[None, None], size, mode="area")[0, 0]


def foresee_data(submit: Submit, params: DataParams) -> Forecast:
    """What lies before a job that has not begun: its steps are not known yet."""
    del params
    taking_s = TAKING_S_PER_BYTE * (submit.arrays_bytes + submit.work_bytes)
    return Forecast(
        offer=Alone(taking_s, closing=True),
        conclude_s=taking_s + _conclude_s(submit),
        work_s=taking_s,
    )


class DataRun:
    """Steps of a computation until it has ended."""

    def __init__(
        self, submit: Submit, params: DataParams, payload: bytes, device: torch.device
    ) -> None:
        self._submit = submit
        kind, rest = KINDS[params.kind], memoryview(payload)
        inputs = npz_arrays(rest[: submit.arrays_bytes])
        self._computation: Computation = kind.begin(kind.read(params.values), inputs, device)
        self._next_s = FIRST_S_PER_BYTE * submit.arrays_bytes
        self._news: list[Values] = []
        self._next_patch = 0.0
        self._worked_s = self._kept_s = 0.0  # until now, and until the last checkpoint
        self._arrays: dict[str, Array] = {}
        if submit.work_bytes:
            self._go_on_from(rest[submit.arrays_bytes :])

    def _go_on_from(self, work: memoryview) -> None:
        """Begin where another job over the same input has ended."""
        try:
            self._computation.restore(npz_arrays(work))
            self._next_s = 0.0  # it has looked at all of the input already
        except Exception as error:  # of a damaged file numpy and zipfile raise anything at all
            _log.warning("partial work is begun anew", job=self._submit.job, reason=repr(error))

    def forecast(self, expected_s: float) -> Forecast:  # noqa: ARG002
        """The rest of the steps; none of them is guaranteed."""
        next_s = max(self._next_s, self._computation.step_s())
        offer = None if self._computation.finished else Alone(next_s)
        left_s = self._computation.left_s()
        conclude_s = _conclude_s(self._submit) + self._computation.closing_s()
        return Forecast(offer=offer, conclude_s=conclude_s, work_s=left_s)

    def step(self) -> Sequence[Emission]:
        """One step; what is new at most ten times a second, and at the end."""
        started = worked()
        news = self._computation.step()
        took_s = worked() - started
        # The first step prepares, and says nothing about the others.
        self._next_s = took_s if self._worked_s else 0.0
        self._worked_s += took_s
        if news is not None and len(news.places):
            self._news.append(news)
        now = time.monotonic()
        if now < self._next_patch and not self._computation.finished:
            return []
        self._next_patch = now + PATCH_S
        return [(self._patch(), b"")]

    def _patch(self) -> Patch:
        news, self._news = self._news, []
        index = np.concatenate([each.places for each in news]) if news else np.zeros(0, np.int64)
        names = news[0].values if news else {}
        values = {name: np.concatenate([each.values[name] for each in news]) for name in names}
        return Patch(
            job=self._submit.job,
            done=self._computation.done,
            total=self._computation.total,
            index=index[-MOST_IN_PATCH:].tolist(),
            values={name: listed(each[-MOST_IN_PATCH:]) for name, each in values.items()},
        )

    def conclude(self, within_s: float) -> list[Emission]:  # noqa: ARG002 - it costs no more
        """What there is."""
        made = self._computation.result()
        self._arrays = made.arrays
        finished = Finished(
            job=self._submit.job,
            state="complete" if self._computation.finished else "partial",
            tiles_done=self._computation.done,
            tiles_total=self._computation.total,
            field_s=self._worked_s,
            oom_retries=self._computation.retries,
            arrays=bool(made.arrays),
            named=list(made.arrays),
            linked=linked(made),
        )
        told: list[Emission] = [(self._patch(), b"")] if self._news else []
        return [*told, (finished, document(made))]

    def checkpoint(self, *, last: bool = False) -> Work | None:
        """All that is done, where it is worth its price by now."""
        seconds = self._worked_s - self._kept_s
        if self._computation.finished or seconds <= (0 if last else CHECKPOINT_S):
            return None
        arrays = self._computation.work()
        size = sum(each.nbytes for each in arrays.values())
        price_s = CHECKPOINT_PRICE_S + CHECKPOINT_PRICE_S_PER_BYTE * size
        if not arrays or (CHECKPOINT_SHARE * seconds < price_s and not last):
            return None
        self._kept_s = self._worked_s
        return Work(True, arrays)

    def arrays(self) -> Iterator[tuple[str, Array] | None]:
        """Those of the answer."""
        for name, each in self._arrays.items():
            yield RESULT + name, each

    def drop(self) -> None:
        """A checkpoint still needs what there is."""


def npz_arrays(data: memoryview) -> dict[str, Array]:
    """The arrays of an npz of our own."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _conclude_s(submit: Submit) -> float:
    return CONCLUDE_S + CONCLUDE_S_PER_BYTE * submit.arrays_bytes
