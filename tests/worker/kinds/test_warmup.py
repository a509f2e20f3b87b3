import math

from tests.worker.kinds.jobs import CPU
from worker.kinds.costs import SHADING
from worker.kinds.warmup import warm_up


def test_warming_up_measures():
    measured = warm_up(CPU)
    assert 0 < measured.coarse_s < measured.field_s < math.inf
    assert 0 < measured.shade_s < math.inf
    assert 0 < SHADING.s_per_pixel < 1e-3
