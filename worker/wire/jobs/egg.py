"""`render.egg`: an egg that wears a relief, a texture, a normal map."""

from collections.abc import Generator
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.kind import Array, Arrays, Facts, Kind, Part, Result, Steps

SECONDS_PER_RAY = 4e-7
RAYS = 1 << 16  # of a step


class EggParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the egg is seen."""

    size: Annotated[int, Meta(ge=16, le=1024, description="Side of the picture in pixels.")] = 512
    egg_factor: Annotated[
        float, Meta(ge=0, le=0.5, description="How much the egg tapers (no unit); 0 is a sphere.")
    ] = 0.25
    displacement: Annotated[
        float,
        Meta(ge=0, le=1, description="Height of the relief, beside a sphere of radius 1."),
    ] = 0.05
    normal_strength: Annotated[
        float, Meta(ge=0, le=1, description="Of the normal map (share).")
    ] = 0.7
    supersample: Annotated[
        int, Meta(ge=1, le=2, description="Rays along each side of a pixel (a count).")
    ] = 1
    turn: Annotated[
        float, Meta(ge=-360, le=360, description="By which it is turned about its axis, degrees.")
    ] = 0.0
    front: Annotated[
        bool,
        Meta(
            description="Whether images cover the half that is seen, mirrored behind it (true or"
            " false); else they go around, from right to left."
        ),
    ] = False


def view(params: EggParams) -> Any:
    """The same for the renderer."""
    from worker.render.scene import EggSettings

    values = msgspec.structs.asdict(params)
    del values["front"]
    return EggSettings(**values)


def dressed(params: EggParams, *layers: Any) -> Any:
    """What the egg wears, of height, texture and normals, each of which may be None."""
    from worker.render.scene import Coat, facing

    if not params.front:
        return Coat(*layers)
    return Coat(*(None if each is None else facing(each) for each in layers))


def as_pixels(image: Any) -> Array:
    """(H, W, 3) uint8 of a tensor (3, H, W) in 0..1."""
    pixels: Array = (image * 255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(pixels)


def layer(arrays: Arrays, name: str, device: Any) -> Any:
    """The colours (3, H, W) in 0..1 of an image that was sent, None where there is none."""
    from worker.kinds.data import tensor

    if name not in arrays:
        return None
    return tensor(arrays[name], device).permute(2, 0, 1)[:3].contiguous().float() / 255


def grey(arrays: Arrays, name: str, device: Any) -> Any:
    """The brightness (H, W) in 0..1 of an image that was sent, None where there is none."""
    from worker.shader.colour import luma

    rgb = layer(arrays, name, device)
    return None if rgb is None else luma(rgb)


def _begin(params: EggParams, arrays: Arrays, device: Any) -> Steps:
    from worker.render.scene import render_egg

    coat = dressed(
        params,
        grey(arrays, "height", device),
        layer(arrays, "texture", device),
        layer(arrays, "normals", device),
    )
    image: Any = None

    def steps() -> Generator[tuple[int, int], None, Result]:
        nonlocal image
        drawing, rows = render_egg(coat, view(params), device), 0
        each = max(1, RAYS // (params.size * params.supersample**2))
        while True:
            try:
                image = next(drawing)
            except StopIteration as end:
                image = end.value
                return now()
            rows = min(params.size, rows + each)
            yield rows, params.size

    def now() -> Result:
        return Result({}, {} if image is None else {"picture": as_pixels(image)})

    return Steps(steps(), now)


def _estimate(params: EggParams, _: Facts) -> float:
    return SECONDS_PER_RAY * (params.size * params.supersample) ** 2


KIND = Kind(
    name="render.egg",
    about="A picture of an egg that wears a relief, a texture, a normal map.",
    params=EggParams,
    parts=(
        Part("height", "image", "The relief: dark is low.", required=False),
        Part("texture", "image", "The colours.", required=False),
        Part("normals", "image", "The normal map.", required=False),
    ),
    estimate=_estimate,
    begin=_begin,
    picture="picture",
    numerics=("worker.render.scene",),
)
