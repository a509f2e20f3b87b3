"""What a texture goes on from must be that of its picture, before it is gone on from."""

import pytest
import torch

from worker.wire.jobs import KINDS

CPU = torch.device("cpu")
PARAMS = {"size": 32, "egg_size": 16, "modes": 12}


@pytest.mark.parametrize("damaged", ["x", "p", "theta"])
def test_a_damaged_block_is_refused_and_the_job_begins_anew(damaged: str) -> None:
    kind = KINDS["texture.synth"]
    first = kind.begin(kind.read(PARAMS), {}, CPU)
    while "p" not in first.work():
        first.step()
    work = first.work()
    work[damaged] = work[damaged][..., :-1]
    again = kind.begin(kind.read(PARAMS), {}, CPU)
    with pytest.raises(ValueError, match=damaged):
        again.restore(work)
    while not again.finished:
        again.step()
    assert again.result().document["k_used"] == 12
