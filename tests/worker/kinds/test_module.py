import copy
import io
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.worker.kinds.jobs import drawing, finish, random_pixels, start
from worker.shader import SpectralShader
from worker.wire.config import BadConfig, read_shade_config, shade_params

CONFIG = {"passes": 2, "tile_size": 32, "overlap": 8, "radii": [1, 2], "min_segment_pixels": 12}


def tensor(image: Any) -> Tensor:
    """(H, W, c) bytes as (c, H, W) in 0..1."""
    return torch.from_numpy(image.copy()).permute(2, 0, 1) / 255


def quantised(image: Tensor) -> bytes:
    return (image * 255).round().byte().permute(1, 2, 0).numpy().tobytes()


IMAGE, OTHER = tensor(drawing(60, 70)), tensor(drawing(50, 80, 4)[::-1])


def shader(**changes: Any) -> SpectralShader:
    return SpectralShader.from_config(CONFIG | changes)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("source", [None, drawing(50, 80), drawing(50, 80, 4)[::-1]])
@pytest.mark.parametrize("low_gate", ["segments", "shadow"])
def test_the_bytes_are_those_of_the_service(channels: int, source: Any, low_gate: str):
    image, config = drawing(60, 70, channels), CONFIG | {"low_gate": low_gate}
    job = finish(start(image, shade_params(read_shade_config(config)), source))
    out = shader(low_gate=low_gate)(tensor(image), None if source is None else tensor(source))
    assert quantised(out) == job.pixels
    assert torch.equal(out, (out * 255).round() / 255)


@pytest.mark.parametrize(
    "shape", [(3, 40, 50), (4, 40, 50), (2, 3, 40, 50), (1, 4, 7, 9), (0, 3, 5, 5)]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_shape_and_type_stay(shape: tuple[int, ...], dtype: torch.dtype):
    image = torch.rand(shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    kept = image.clone()
    out = shader()(image)
    assert (out.shape, out.dtype, out.device) == (image.shape, image.dtype, image.device)
    assert torch.equal(image, kept)
    assert out is not image
    assert not out.is_inference()


def test_a_batch_is_as_its_pictures():
    pair = torch.stack((IMAGE, IMAGE.flip(2)))
    for source in (None, OTHER, OTHER[None], torch.stack((OTHER, OTHER.flip(1)))):
        out = shader()(pair, source)
        for i in range(2):
            own = source[i] if source is not None and source.shape[0] == 2 else source
            alone = pair[i : i + 1] if own is not None and own.ndim == 4 else pair[i]
            assert torch.equal(out[i], shader()(alone, own).reshape(IMAGE.shape))


def test_a_source_of_a_batch_is_solved_once(monkeypatch: pytest.MonkeyPatch):
    from worker.kinds import lender

    begun = []
    real = lender.Spectrum
    monkeypatch.setattr(lender, "Spectrum", lambda *a: begun.append(1) or real(*a))
    shader()(torch.stack((IMAGE, IMAGE.flip(2), IMAGE.flip(1))), OTHER)
    assert len(begun) == 1


def test_it_is_deterministic_and_does_something():
    first, second = shader()(IMAGE), shader()(IMAGE)
    assert torch.equal(first, second)
    assert not torch.equal(first, IMAGE)
    assert not torch.equal(first, shader()(IMAGE, OTHER))


def test_strides_do_not_matter():
    strided = IMAGE.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    assert torch.equal(shader()(strided), shader()(IMAGE))
    assert torch.equal(shader()(IMAGE[:, ::2, 3:]), shader()(IMAGE[:, ::2, 3:].contiguous()))


def test_modes_of_torch_do_not_matter():
    expected = shader()(IMAGE)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(shader()(IMAGE), expected)
    with torch.inference_mode():
        assert torch.equal(shader()(IMAGE), expected)
    with torch.no_grad():
        assert torch.equal(shader().eval()(IMAGE), expected)


def test_it_composes_with_what_learns():
    tone = nn.Conv2d(3, 3, 1)
    chain = nn.Sequential(nn.Identity(), shader(), tone)
    out = chain(IMAGE[None].requires_grad_())
    out.sum().backward()
    assert tone.weight.grad is not None
    assert float(tone.weight.grad.abs().sum()) > 0
    assert list(shader().parameters()) == []
    assert chain.double()(IMAGE[None].double()).dtype == torch.float64


def test_copies_and_files_shade_alike():
    one = shader(effect_strength=1.5, envelope=[{"fill_threshold": 0.3}], envelope_curve="stretch")
    expected = one(IMAGE)
    file = io.BytesIO()
    torch.save(one, file)
    file.seek(0)
    copies = [
        copy.deepcopy(one),
        pickle.loads(pickle.dumps(one)),
        torch.load(file, weights_only=False),
    ]
    for other in copies:
        assert repr(other) == repr(one)
        assert torch.equal(other(IMAGE), expected)
    assert one.state_dict() == {}
    shader().load_state_dict(one.state_dict())


def test_its_repr_shows_its_config():
    assert repr(SpectralShader()) == "SpectralShader()"
    said = repr(shader(low_gate="shadow"))
    assert said == (
        "SpectralShader(tile_size=32, overlap=8, radii=(1, 2), passes=2, low_gate='shadow', "
        "min_segment_pixels=12)"
    )


@pytest.mark.parametrize(
    ("config", "name"),
    [({"passes": 0}, "passes"), ({"pases": 2}, "pases"), ({"overlap": 60}, "overlap")],
)
def test_a_wrong_config_says_what_is_wrong(config: dict[str, Any], name: str):
    with pytest.raises(BadConfig, match=name):
        SpectralShader.from_config(config)


BAD = [
    (np.zeros((3, 5, 5), np.float32), TypeError, "ndarray"),
    (torch.zeros(3, 5, 5, dtype=torch.uint8), TypeError, "torch.uint8"),
    (torch.zeros(3, 5, 5, dtype=torch.complex64), TypeError, "torch.complex64"),
    (torch.zeros(5, 5), ValueError, r"\(5, 5\)"),
    (torch.zeros(2, 5, 5), ValueError, r"\(2, 5, 5\)"),
    (torch.zeros(5, 5, 3), ValueError, r"\(5, 5, 3\)"),
    (torch.zeros(1, 1, 3, 5, 5), ValueError, r"\(1, 1, 3, 5, 5\)"),
    (torch.zeros(3, 0, 5), ValueError, r"\(3, 0, 5\)"),
    (torch.full((3, 5, 5), torch.nan), ValueError, "NaN"),
    (torch.full((3, 5, 5), torch.inf), ValueError, "inf"),
    (torch.full((3, 5, 5), 1.001), ValueError, "0..1"),
    (torch.full((3, 5, 5), -0.001), ValueError, "0..1"),
]


@pytest.mark.parametrize(("wrong", "error", "message"), BAD)
def test_wrong_pictures_are_refused_by_name(wrong: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=f"image must be .*{message}"):
        shader()(wrong)
    with pytest.raises(error, match=f"source must be .*{message}"):
        shader()(IMAGE, wrong)


@pytest.mark.parametrize(("images", "sources"), [(1, 2), (3, 2), (1, 0)])
def test_as_many_sources_as_images(images: int, sources: int):
    with pytest.raises(ValueError, match=f"{sources} sources for {images} image"):
        shader()(IMAGE.expand(images, 3, 60, 70), OTHER.expand(sources, 4, 50, 80))


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 1, 9), (4, 2, 3)])
def test_pictures_of_any_size(shape: tuple[int, ...]):
    small = tensor(random_pixels(shape[1], shape[2], shape[0]))
    for image, source in ((small, None), (small, IMAGE), (IMAGE, small)):
        out = shader()(image, source)
        assert bool(out.isfinite().all())
        assert 0 <= float(out.min()) <= float(out.max()) <= 1


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_it_moves_between_devices():
    there = shader().to("cuda")(IMAGE.cuda(), OTHER)
    assert there.device.type == "cuda"
    assert ((there.cpu() - shader()(IMAGE, OTHER)).abs() > 1 / 255).float().mean() < 0.05


def test_its_parts_are_had_without_the_whole():
    code = "import sys, worker.shader.colour; print('worker.kinds' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_every_name_is_there_or_refused():
    import worker.shader

    assert worker.shader.SpectralShader is SpectralShader
    with pytest.raises(AttributeError, match="no attribute 'Spectral'"):
        worker.shader.Spectral  # noqa: B018
