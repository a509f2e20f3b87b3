"""Job kinds: what a run computes, one module each."""

import torch

from worker.kinds.field import FieldRun
from worker.kinds.shade import ShadeRun
from worker.wire.messages import Submit
from worker.wire.params import ShadeParams


def make_run(submit: Submit, pixels: bytes, device: torch.device) -> ShadeRun | FieldRun:
    """Build the run of a job; cheap, the work is in its steps."""
    if isinstance(submit.params, ShadeParams):
        return ShadeRun(submit, submit.params, pixels, device)
    return FieldRun(submit, submit.params, pixels, device)
