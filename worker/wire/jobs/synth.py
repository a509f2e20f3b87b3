"""`texture.synth`: a texture by the modes of a picture, on an egg."""

from collections.abc import Generator
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.egg import EggParams, as_pixels, grey, view
from worker.wire.jobs.kind import Array, Arrays, Computation, Errors, Facts, Kind, Part, Result

CARRIERS = ("checkerboard", "noise", "dragon", "bean", "gradient", "circle")
MOST_SIDE = 512  # of what is built in
LEAST_PIXELS, MOST_PIXELS = 16 * 16, MOST_SIDE**2
EGG_S_PER_PIXEL = 1.5e-6
SECONDS_PER_VALUE, BEYOND = 6e-7, 6  # of each mode, and of those that help the last ones along
ITERATED = {"x": "X", "theta": "theta", "p": "P"}  # of a block, what there is to go on from

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
        int, Meta(ge=16, le=MOST_SIDE, description="Side of the built-in pictures in pixels.")
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
        self._block: Any = None  # of the last modes that can be gone on from
        self._texture: Any = None
        self.done, self.total, self.finished = 0, self._settings.count + 1, False
        self._steps = self._all()

    def step(self) -> None:
        """To the next pause."""
        if next(self._steps, "over") == "over":
            self.done, self.finished = self.total, True

    def _all(self) -> Generator[None, None, None]:
        from worker.textures.modes import image_modes

        settings = self._settings
        solving = image_modes(
            self._carrier, settings.count, settings.edge_threshold, begun=self._block
        )
        while True:
            try:
                self._take(next(solving))
            except StopIteration as end:
                self._take(end.value)
                break
            yield
        self.done = self._settings.count
        self._texture = yield from self._made()

    def _take(self, modes: Any) -> None:
        if modes is not None:
            self._modes, self._block = modes, modes.block or self._block
            self.done = max(self.done, modes.converged)

    def _made(self) -> Generator[None, None, Any]:
        """The texture by the modes that there are now."""
        from worker.textures.texture import texture

        shown = view(EggParams(size=self._params.egg_size))
        making = texture(self._carrier, self._operand, self._modes, self._settings, shown)
        while True:
            try:
                next(making)
            except StopIteration as end:
                return end.value
            yield

    def left_s(self) -> float:
        """By the picture's size."""
        if self.finished:
            return 0.0
        pixels = int(self._carrier.numel())
        return _modes_s(self._params, pixels) + _egg_s(self._params)

    def closing_s(self) -> float:
        """Of a texture by the modes that there are."""
        begun = self._modes is not None and self._texture is None
        return _egg_s(self._params) if begun else 0.0

    def result(self) -> Result:
        """A texture, also by fewer modes than were asked for; none while there are none."""
        from worker.shader.stages import result_of

        if self._modes is None:
            return Result({"done": 0, "total": self.total, "k_used": 0}, {})
        made = self._texture or result_of(self._made())
        return Result(
            {
                "done": self.done,
                "total": self.total,
                "k_used": made.used,
                "theta": self._settings.theta,
                "gamma": self._settings.gamma,
            },
            {
                "eigenvalues": self._modes.values.cpu().numpy(),
                "residuals": self._modes.residuals.cpu().numpy(),
                "height": made.height.cpu().numpy()[..., None].astype(np.float32),
                "normals": as_pixels(made.normals),
                "picture": as_pixels(made.egg),
            },
        )

    def work(self) -> dict[str, Array]:
        """The vectors that are iterated on."""
        found = {name: getattr(self._block, own, None) for name, own in ITERATED.items()}
        return {name: each.cpu().numpy() for name, each in found.items() if each is not None}

    def restore(self, arrays: Arrays) -> None:
        """Go on with them."""
        from worker.kinds.data import tensor
        from worker.numerics.lobpcg import Block

        found = {n: tensor(each, self._carrier.device).clone() for n, each in arrays.items()}
        x = found["x"]
        for name in ("x", "p"):
            pixels = (1, self._carrier.numel())
            if (each := found.get(name, x)).ndim != 3 or each.shape[::2] != pixels:
                raise ValueError(f"{name}: not vectors of {self._carrier.numel()} pixels")
        if found["theta"].shape != x.shape[:2]:
            raise ValueError("theta: not a value of each vector")
        self._block = Block(found["x"], found["x"], found["theta"], found.get("p"))
        self.step()  # to the modes that these are


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
        # A strip of few pixels may be long: a square of its length would be no picture but a bomb.
        other = carrier(params.operand_name, min(MOST_SIDE, max(own.shape)), device)
    if other is not None and other.shape != own.shape:
        other = resized(other, tuple(own.shape))
    return Synthesis(params, own, other)


def _check(_: SynthParams, facts: Facts) -> Errors:
    pixels = facts.get("carrier_pixels", MOST_PIXELS)
    if not LEAST_PIXELS <= pixels <= MOST_PIXELS:
        yield "carrier", f"must have {LEAST_PIXELS} to {MOST_PIXELS:,} pixels, not {pixels:,}"


def _egg_s(params: SynthParams) -> float:
    return EGG_S_PER_PIXEL * params.egg_size**2


def _modes_s(params: SynthParams, pixels: int) -> float:
    return SECONDS_PER_VALUE * (params.modes + BEYOND) * pixels


def _estimate(params: SynthParams, facts: Facts) -> float:
    return _modes_s(params, facts.get("carrier_pixels", params.size**2)) + _egg_s(params)


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
    example={"params": {"carrier_name": "dragon", "preset": "fine"}},
)
