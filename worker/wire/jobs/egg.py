"""`render.egg`: an egg that wears a relief, a texture, a normal map."""

from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from worker.wire.jobs.kind import Array, Arrays, Computation, Facts, Kind, Part, Result

SECONDS_PER_RAY = 4e-7


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

    names = (each.name for each in msgspec.structs.fields(EggParams) if each.name != "front")
    return EggSettings(**{name: getattr(params, name) for name in names})


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


class Painting(Computation):
    """A picture of an egg, from the top row to the last."""

    def __init__(self, params: EggParams, arrays: Arrays, device: Any) -> None:
        """Cheap."""
        self._settings, self._device = view(params), device
        self._coat = dressed(
            params,
            grey(arrays, "height", device),
            layer(arrays, "texture", device),
            layer(arrays, "normals", device),
        )
        self._painted: Any = None
        self._drawing: Any = None
        self.done, self.total, self.finished = 0, params.size, False

    def step(self) -> None:
        """Some rows."""
        from worker.render.scene import render_egg

        if self._drawing is None:
            self._drawing = render_egg(self._coat, self._settings, self._device, self._painted)
        self._painted = next(self._drawing)
        self.done = self._painted.rows
        self.finished = self.done == self.total

    def left_s(self) -> float:
        """By the rays that are left."""
        rays = (self.total - self.done) * self.total * int(self._settings.supersample) ** 2
        return SECONDS_PER_RAY * rays

    def result(self) -> Result:
        """Background where nothing is painted yet."""
        counts = {"done": self.done, "total": self.total}
        if self._painted is None:
            return Result(counts, {})
        return Result(counts, {"picture": as_pixels(self._painted.image)})

    def work(self) -> dict[str, Array]:
        """The rows that are painted."""
        if self._painted is None:
            return {}
        return {"rows": painted_rows(self._painted)}

    def restore(self, arrays: Arrays) -> None:
        """Go on below them."""
        self._painted = begun_rows(arrays["rows"], self._settings.size, self._device)
        self.done = self._painted.rows
        self.finished = self.done == self.total


def painted_rows(painted: Any) -> Array:
    """The rows (3, m, size) of a picture that are done, to go on below them."""
    rows: Array = painted.image[:, : painted.rows].cpu().numpy().copy()
    return rows


def begun_rows(rows: Array, size: int, device: Any) -> Any:
    """The picture that has these rows.

    Raises:
        ValueError: they are none of such a picture.
    """
    from worker.kinds.data import tensor
    from worker.render.scene import begun_with

    if rows.ndim != 3 or rows.shape != (3, min(size, rows.shape[1]), size):
        raise ValueError(f"rows: not of a picture of {size} pixels a side")
    if rows.dtype != np.float32 or not np.isfinite(rows).all():
        raise ValueError("rows: not colours")
    return begun_with(tensor(rows, device))


def egg_s(params: EggParams) -> float:
    """Seconds that a picture takes, estimated."""
    return SECONDS_PER_RAY * (params.size * params.supersample) ** 2


def _estimate(params: EggParams, _: Facts) -> float:
    return egg_s(params)


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
    begin=Painting,
    picture="picture",
    numerics=("worker.render.scene",),
    example={"params": {"egg_factor": 0.3, "supersample": 2}},
)
