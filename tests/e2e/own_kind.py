"""A kind of job that is no part of Itten, and a worker that knows it: sums of rows, one a step.

`python -m tests.e2e.own_kind --fd N`
"""

import sys
from collections.abc import Generator

import msgspec
import numpy as np

from worker.wire.jobs import register
from worker.wire.jobs.kind import Arrays, Kind, Part, Result, Steps


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """What the sums are multiplied with."""

    factor: float = 1.0


def begin(params: Params, arrays: Arrays, device: object) -> Steps:
    def steps() -> Generator[tuple[int, int], None, Result]:
        for row in range(len(arrays["x"])):
            yield row, len(arrays["x"])
        return Result({"factor": params.factor}, {"sums": params.factor * arrays["x"].sum(1)})

    return Steps(steps(), lambda: Result({}, {"sums": np.zeros(0)}))


KIND = Kind(
    name="test.sums",
    about="Sums of rows.",
    params=Params,
    parts=(Part("x", "matrix", "Rows."),),
    estimate=lambda _, facts: 0.001 * facts["rows"],
    begin=begin,
)

if __name__ == "__main__":
    from worker.__main__ import main

    register(KIND)
    sys.exit(main([*sys.argv[1:], "--device", "cpu"]))
