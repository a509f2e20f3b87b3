"""`rankk`: the k largest, middle or smallest values of every row of a matrix."""

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.kind import Array, Arrays, Computation, Errors, Facts, Kind, Part, Result

VALUES_PER_STEP = 1 << 19  # 40 ms on one core
MOST_COLUMNS = 1 << 20  # a row is sorted at once


class RankParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is looked for in every row."""

    kind: Annotated[
        Literal["top", "mid", "bottom"],
        Meta(description="The largest, the middle or the smallest values of each row."),
    ] = "top"
    k: Annotated[int, Meta(ge=1, le=65536, description="Values of each row (a count).")] = 1


class Ranking(Computation):
    """The rows, some at a time."""

    def __init__(self, params: RankParams, x: Any) -> None:
        """`x`: (rows, columns) float32, a tensor on the device."""
        self._params, self._x, self.total = params, x, len(x)
        self.done, self.finished = 0, False
        self._values = np.full((self.total, params.k), np.nan, np.float32)
        self._columns = np.full((self.total, params.k), -1, np.int64)

    def step(self) -> None:
        """The next rows."""
        from worker.numerics.rank_k import rank_k

        begin = self.done
        end = min(self.total, begin + max(1, VALUES_PER_STEP // self._x.shape[1]))
        values, columns = rank_k(self._x[begin:end], self._params.k, self._params.kind)
        self._values[begin:end], self._columns[begin:end] = values.cpu(), columns.cpu()
        self.done, self.finished = end, end == self.total

    def left_s(self) -> float:
        """By the values of the rows that are left."""
        return 4e-8 * (self.total - self.done) * int(self._x.shape[1])

    def result(self) -> Result:
        """The rows that are done; the others have no values."""
        arrays: dict[str, Array] = {"values": self._values, "indices": self._columns}
        return Result({"done": self.done, "total": self.total}, arrays)

    def work(self) -> dict[str, Array]:
        """The rows that are done."""
        return {"values": self._values[: self.done], "indices": self._columns[: self.done]}

    def restore(self, arrays: Arrays) -> None:
        """Take them over."""
        count = len(arrays["values"])
        self._values[:count], self._columns[:count] = arrays["values"], arrays["indices"]
        self.done = count


def _check(params: RankParams, facts: Facts) -> Errors:
    if facts["columns"] > MOST_COLUMNS:
        yield "x", f"has {facts['columns']:,} columns; at most {MOST_COLUMNS:,} are taken"
    if params.k > facts["columns"]:
        yield "params.k", f"must be at most {facts['columns']}, the columns of x, not {params.k}"


def _begin(params: RankParams, arrays: Arrays, device: Any) -> Ranking:
    from worker.kinds.data import tensor

    return Ranking(params, tensor(arrays["x"], device))


KIND = Kind(
    name="rankk",
    about="The k largest, middle or smallest values of every row, and their columns.",
    params=RankParams,
    parts=(Part("x", "matrix", "Rows of numbers; all the same length. null stands for none."),),
    estimate=lambda _, facts: 4e-8 * facts["rows"] * facts["columns"],
    begin=_begin,
    check=_check,
    numerics=("worker.numerics.rank_k",),
    example={"x": [[3, 1, None, 2], [0, 0, 5, -1]], "params": {"kind": "bottom", "k": 2}},
)
