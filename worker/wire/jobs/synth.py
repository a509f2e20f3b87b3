"""`texture.synth`: a texture by the modes of a picture, on an egg."""

from collections.abc import Generator
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.egg import EggParams, as_pixels, grey, view
from worker.wire.jobs.kind import Arrays, Computation, Errors, Facts, Kind, Part, Result

CARRIERS = ("checkerboard", "noise", "dragon", "bean", "gradient", "circle")
MOST_PIXELS = 512 * 512
SECONDS_PER_PIXEL, EGG_S = 6e-6, 0.4

Share = Annotated[float, Meta(ge=0, le=1)]


class SynthParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the texture is made of, and how; the preset decides what is not given."""

    carrier_name: Annotated[
        Literal["checkerboard", "noise", "dragon", "bean", "gradient", "circle"],
        Meta(description="The picture whose modes these are; where none is sent."),
    ] = "bean"
    operand_name: Annotated[
        Literal["checkerboard", "noise", "dragon", "bean", "gradient", "circle", "none"],
        Meta(description="The picture that is mixed in; where none is sent."),
    ] = "checkerboard"
    size: Annotated[
        int, Meta(ge=16, le=512, description="Side of the built-in pictures in pixels.")
    ] = 64
    preset: Annotated[
        Literal["coarse", "balanced", "fine", "etch_heavy"],
        Meta(description="Sets theta and gamma: .1 .2, .5 .3, .9 .4, .5 .6."),
    ] = "balanced"
    mode: Annotated[
        Literal["spectral", "simple", "blend", "phase_field", "embed", "warp"],
        Meta(description="How height is made of the modes."),
    ] = "spectral"
    theta: (
        Annotated[float, Meta(ge=0, le=1, description="Which modes are etched: coarse to fine.")]
        | None
    ) = None
    gamma: (
        Annotated[float, Meta(ge=0, le=1, description="How deeply they are etched (share).")] | None
    ) = None
    modes: Annotated[int, Meta(ge=1, le=32, description="Modes that are used (a count).")] = 8
    edge_threshold: Annotated[
        float, Meta(ge=0.02, le=1, description="Difference at which a weight has fallen to 1/e.")
    ] = 0.1
    wrap: Annotated[
        bool, Meta(description="Whether it goes on at its opposite border (true or false).")
    ] = False
    egg_size: Annotated[int, Meta(ge=16, le=1024, description="Side of the egg in pixels.")] = 512


class Synthesis(Computation):
    """Modes first, then the texture by as many of them as are exact."""

    def __init__(self, params: SynthParams, carrier: Any, operand: Any) -> None:
        """`carrier` and `operand`: (H, W) in 0..1; the latter may be None."""
        self._params, self._carrier, self._operand = params, carrier, operand
        self._settings = _settings(params)
        self._modes: Any = None
        self._texture: Any = None
        self.done, self.total, self.finished = 0, self._settings.count + 1, False
        self._steps = self._all()

    def step(self) -> None:
        """To the next pause."""
        if next(self._steps, "over") == "over":
            self.done, self.finished = self.total, True

    def _all(self) -> Generator[None, None, None]:
        from worker.textures.modes import image_modes

        solving = image_modes(self._carrier, self._settings.count, self._params.edge_threshold)
        while True:
            try:
                self._modes = next(solving) or self._modes
            except StopIteration as end:
                self._modes = end.value
                break
            self.done = 0 if self._modes is None else self._modes.converged
            yield
        self.done = self._settings.count
        yield from self._made()

    def _made(self) -> Generator[None, None, None]:
        from worker.textures.texture import texture

        shown = view(EggParams(size=self._params.egg_size))
        making = texture(self._carrier, self._operand, self._modes, self._settings, shown)
        while self._texture is None:
            try:
                next(making)
            except StopIteration as end:
                self._texture = end.value
            yield

    def left_s(self) -> float:
        """By the picture's size."""
        return 0.0 if self.finished else SECONDS_PER_PIXEL * self._carrier.numel() + EGG_S

    def closing_s(self) -> float:
        """Of a texture by the modes that there are."""
        return 0.0 if self._modes is None or self._texture is not None else EGG_S

    def result(self) -> Result:
        """A texture, also by fewer modes than were asked for; none while there are none."""
        if self._modes is None:
            return Result({"done": 0, "total": self.total, "modes_used": 0}, {})
        if self._texture is None:
            for _ in self._made():
                pass
        made = self._texture
        return Result(
            {
                "done": self.done,
                "total": self.total,
                "modes_used": made.used,
                "eigenvalues": self._modes.values.tolist(),
                "residuals": self._modes.residuals.tolist(),
                "theta": self._settings.theta,
                "gamma": self._settings.gamma,
            },
            {
                "height": made.height.cpu().numpy()[..., None].astype(np.float32),
                "normals": as_pixels(made.normals),
                "picture": as_pixels(made.egg),
            },
        )


def _settings(params: SynthParams) -> Any:
    from worker.textures.settings import PRESETS, TextureSettings

    preset = PRESETS[params.preset]
    return TextureSettings(
        mode=params.mode,
        theta=preset.theta if params.theta is None else params.theta,
        gamma=preset.gamma if params.gamma is None else params.gamma,
        modes=params.modes,
        edge_threshold=params.edge_threshold,
        wrap=params.wrap,
    )


def _begin(params: SynthParams, arrays: Arrays, device: Any) -> Synthesis:
    from worker.kinds.data import resized
    from worker.textures.carriers import carrier

    own = grey(arrays, "carrier", device)
    if own is None:
        own = carrier(params.carrier_name, params.size, device)
    other = grey(arrays, "operand", device)
    if other is None and params.operand_name != "none":
        other = carrier(params.operand_name, max(own.shape), device)
    if other is not None and other.shape != own.shape:
        other = resized(other, tuple(own.shape))
    return Synthesis(params, own, other)


def _check(_: SynthParams, facts: Facts) -> Errors:
    if not 256 <= facts.get("carrier_pixels", MOST_PIXELS) <= MOST_PIXELS:
        yield "carrier", "must have 16 x 16 to 512 x 512 pixels; send a smaller image"


def _estimate(params: SynthParams, facts: Facts) -> float:
    return SECONDS_PER_PIXEL * facts.get("carrier_pixels", params.size**2) + EGG_S


KIND = Kind(
    name="texture.synth",
    about="A texture by the modes of a picture: height, normal map, and an egg that wears both.",
    params=SynthParams,
    parts=(
        Part("carrier", "image", "The picture whose modes these are.", required=False),
        Part("operand", "image", "The picture that is mixed in.", required=False),
    ),
    estimate=_estimate,
    begin=_begin,
    check=_check,
    picture="picture",
    numerics=("worker.textures.texture", "worker.textures.carriers"),
)
