"""The shader as a torch module: the service's own code, without the service."""

from collections.abc import Mapping
from contextlib import ExitStack

import torch
from msgspec.structs import asdict
from torch import Tensor

from worker.kinds.lender import Lender
from worker.kinds.settings import shader_settings
from worker.kinds.shading import Shading
from worker.shader.picture import Picture, picture_of
from worker.shader.settings import ShaderSettings
from worker.wire.config import ShadeConfig, read_shade_config, shade_params
from worker.wire.params import ShadeParams


class SpectralShader(torch.nn.Module):
    """Shades pictures by the spectrum of their graph; there is nothing to learn in it.

    The same picture and config give the same result, that of the service: multiples of 1/255.
    No gradient flows through it.
    """

    def __init__(self, config: ShadeConfig | None = None) -> None:
        """As `config` says, which has been read, not just made; None: the defaults."""
        super().__init__()
        self.config = ShadeConfig() if config is None else config

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> "SpectralShader":
        """A shader by the fields of a spec; see `worker.wire.config.ShadeConfig`.

        Raises:
            BadConfig: a ValueError that names every field that is unknown or out of range.
        """
        return cls(read_shade_config(config))

    def forward(self, image: Tensor, source: Tensor | None = None) -> Tensor:
        """All passes over one picture, or over each of a batch.

        Args:
            image: (3, H, W) or with opacity (4, H, W), or (B, 3 or 4, H, W); of a floating type,
                0..1, on any device.
            source: a picture of any size whose strokes and colours are laid, as `image`; a batch
                has as many as `image`, a single one serves all. None: the image's own.

        Returns:
            As `image` in shape, type and device.

        Raises:
            TypeError: no tensor of a floating type.
            ValueError: another shape, or values that are not in 0..1, such as NaN.
        """
        pictures = _pictures(image, "image", image)
        sources = [] if source is None else _pictures(source, "source", image)
        fitting = (1,) if image.ndim == 3 else (1, len(pictures))
        if source is not None and len(sources) not in fitting:
            raise ValueError(f"{len(sources)} sources for {len(pictures)} images")
        with ExitStack() as stack:
            _enter(stack, image.device)
            shaded = self._shaded(pictures, sources)
        if not shaded:
            return image.clone()
        # Out of the inference mode a copy is a tensor like any other.
        return torch.stack(shaded).to(image).reshape(image.shape)

    def extra_repr(self) -> str:
        """The config, but for its defaults."""
        usual = asdict(ShadeConfig())
        fields = asdict(self.config).items()
        return ", ".join(f"{name}={value!r}" for name, value in fields if value != usual[name])

    def _shaded(self, pictures: list[Picture], sources: list[Picture]) -> list[Tensor]:
        params = shade_params(self.config)
        settings = shader_settings(params)
        lenders = [_lender(source, params, settings) for source in sources]
        layers = []
        for i, picture in enumerate(pictures):
            # A single lender serves all: it is solved with the first picture.
            lender = lenders[i % len(lenders)] if lenders else None
            shading = Shading(picture, params, settings, lender)
            while not shading.finished:
                shading.step()
            layers.append(shading.picture.layers)
        return layers


def _lender(source: Picture, params: ShadeParams, settings: ShaderSettings) -> Lender:
    height, width = source.rgb.shape[1:]
    return Lender(lambda: source, (height, width), params, settings)


def _enter(stack: ExitStack, device: torch.device) -> None:
    """What torch keeps for each thread, as the worker has it."""
    stack.enter_context(torch.inference_mode())
    stack.enter_context(torch.autocast(device.type, enabled=False))
    if device.type == "cuda":
        stack.enter_context(torch.cuda.device(device))


def _pictures(images: Tensor, name: str, like: Tensor) -> list[Picture]:
    """One or several pictures, checked, as float32 where `like` is."""
    if not isinstance(images, Tensor) or not images.is_floating_point():
        what = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"{name} must be a tensor of floats in 0..1, not {what}")
    if images.ndim not in (3, 4) or images.shape[-3] not in (3, 4) or 0 in images.shape[-2:]:
        shape = tuple(images.shape)
        raise ValueError(f"{name} must be (3 or 4, H, W), or a batch of these, not {shape}")
    if not bool(((images >= 0) & (images <= 1)).all()):  # also false of NaN
        raise ValueError(f"{name} must be in 0..1, without NaN or inf; clamp it")
    layers = images.detach().to(like.device, torch.float32).contiguous()
    return [picture_of(one) for one in (layers if layers.ndim == 4 else layers[None])]
