"""Job kinds: what a run computes, one module each."""

import torch

from worker.kinds.data import DataRun
from worker.kinds.field import FieldRun
from worker.kinds.shade import ShadeRun
from worker.wire.messages import Submit
from worker.wire.params import FieldParams, ShadeParams


def make_run(submit: Submit, payload: bytes, device: torch.device) -> ShadeRun | FieldRun | DataRun:
    """Build the run of a job; cheap, the work is in its steps."""
    if isinstance(submit.params, ShadeParams):
        return ShadeRun(submit, submit.params, payload, device)
    if isinstance(submit.params, FieldParams):
        return FieldRun(submit, submit.params, payload, device)
    return DataRun(submit, submit.params, payload, device)
