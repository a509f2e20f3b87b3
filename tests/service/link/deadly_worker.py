"""The real worker, but that it dies in each batch with tiles of a job called `deadly…`.

Its `device_name` is its process id.

`python -m tests.service.link.deadly_worker --fd N`
"""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from worker import device
from worker.kinds import runs
from worker.kinds.field import FieldRun
from worker.kinds.shade import ShadeRun
from worker.runs import Emission
from worker.wire.messages import Submit

choose = device.choose


def chosen(asked: device.Asked) -> device.Device:
    return replace(choose(asked), name=str(os.getpid()))


class DeadlyRuns(runs.DeviceRuns):
    """Tells its runs by their jobs."""

    deadly: FieldRun | ShadeRun | None = None

    def make(self, submit: Submit, payload: bytes) -> FieldRun | ShadeRun:
        run = super().make(submit, payload)
        if submit.job.startswith("deadly"):
            self.deadly = run
        return run

    def solve(self, shares: Sequence[tuple[FieldRun | ShadeRun, int]]) -> list[Sequence[Emission]]:
        if self.deadly in [run for run, _ in shares]:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().solve(shares)


if __name__ == "__main__":
    from worker.__main__ import main

    device.choose = chosen
    runs.DeviceRuns = DeadlyRuns
    sys.exit(main([*sys.argv[1:], "--device", "cpu"]))
