import torch

from tests.worker.shader.drawings import settings
from worker.kinds.settings import shader_settings
from worker.shader.settings import ShaderSettings
from worker.wire.config import ShadeConfig, shade_params


def test_every_value_of_a_job_arrives():
    params = shade_params(ShadeConfig(background="#ff8000", percentile=7.0, decay=0.5))
    chosen = shader_settings(params)
    for name in ShaderSettings.__dataclass_fields__:
        if name not in ("envelope", "background", "side"):
            assert getattr(chosen, name) == getattr(params, name)
    assert chosen.side is None
    assert chosen.background == (1.0, 128 / 255, 0.0)
    for phase, given in zip(chosen.envelope, params.envelope, strict=True):
        assert all(getattr(phase, name) == getattr(given, name) for name in phase._fields)


def test_a_unit_is_a_pixel_or_a_512th_of_the_longer_side():
    assert settings(scale="px").unit(torch.Size((3000, 2))) == 1
    assert settings(scale="relative").unit(torch.Size((256, 1024))) == 2


def test_rows_have_the_unit_of_their_picture():
    relative, rows = settings(scale="relative"), torch.Size((100, 256))
    assert relative.rows_of(torch.Size((1024, 256))).unit(rows) == 2
    assert settings(scale="px").rows_of(torch.Size((1024, 256))).unit(rows) == 1
