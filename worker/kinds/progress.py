"""What a run tells of its field while it grows: certificates, and patches of a preview."""

import time
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from worker.kinds.colours import CONTRAST, viridis
from worker.kinds.pixels import interleaved, quantised
from worker.numerics.field_state import FieldState, TileStatus
from worker.numerics.signs import ramp_signs
from worker.runs import Emission
from worker.wire.messages import Certificate, Preview, Tiles

PREVIEW_S = 0.1  # at most ten previews a second
PREVIEW_PIXELS = 512

_STATUS = {
    TileStatus.COARSE: "coarse",
    TileStatus.REFINING: "refining",
    TileStatus.CONVERGED: "converged",
    TileStatus.DEGENERATE: "degenerate",
}


def status_name(status: int) -> str:
    """The name of a tile's status; a waiting tile has no better than coarse to offer."""
    return _STATUS.get(TileStatus(status), "coarse")


def certificates_of(solver: FieldState, tiles: list[int]) -> list[Certificate]:
    """What is proved about some tiles."""
    height, width = solver.tiling.tile_height, solver.tiling.tile_width
    return [
        Certificate(
            y=y,
            x=x,
            height=height,
            width=width,
            status=status_name(status),  # type: ignore[arg-type]
            angle_bound=bound if bound < float("inf") else None,
            lambda2=lambda2,
            iterations=iterations,
        )
        for (y, x), status, bound, lambda2, iterations in zip(
            [solver.tiling.origins[t] for t in tiles],
            solver.status[tiles].tolist(),
            solver.bound[tiles].tolist(),
            solver.theta[tiles, 0].tolist(),
            solver.iterations[tiles].tolist(),
            strict=True,
        )
    ]


def tiles_message(
    job: str, pass_index: int, solver: FieldState, changed: list[int], done_before: int, total: int
) -> Tiles:
    """That some tiles got better; `done_before` tiles of `total` were done before this field."""
    return Tiles(
        job=job,
        pass_index=pass_index,
        done=done_before + solver.converged,
        total=total,
        pass_done=solver.converged,
        pass_total=solver.tiling.count,
        certificates=certificates_of(solver, changed),
    )


class FieldProgress:
    """Collects the tiles that got better and turns them into messages."""

    def __init__(self, job: str, solver: FieldState, channel: int, pass_index: int) -> None:
        self._job, self._solver, self._pass = job, solver, pass_index
        self._channel = channel - 1
        self._changed: set[int] = set()
        self._next_preview = 0.0

    def report(self, changed: list[int], done_before: int, total: int) -> Iterator[Emission]:
        """Certificates at once, a preview when the last one is long enough ago."""
        if not changed:
            return
        yield tiles_message(self._job, self._pass, self._solver, changed, done_before, total), b""
        self._changed.update(changed)
        now = time.monotonic()
        if now >= self._next_preview or self._solver.finished:
            self._next_preview = now + PREVIEW_S
            yield self._patch(sorted(self._changed))
            self._changed.clear()

    def _patch(self, tiles: list[int]) -> Emission:
        """The rectangle around the tiles, unblended: each oriented and scaled on its own."""
        tiling = self._solver.tiling
        h, w = tiling.tile_height, tiling.tile_width
        corners = [tiling.origins[t] for t in tiles]
        top, left = min(y for y, _ in corners), min(x for _, x in corners)
        height = max(y for y, _ in corners) + h - top
        width = max(x for _, x in corners) + w - left
        inside = [
            t
            for t, (y, x) in enumerate(tiling.origins)
            if top <= y <= top + height - h and left <= x <= left + width - w
        ]
        canvas = torch.zeros(height, width, device=self._solver.vectors.device)
        for t, values in zip(inside, self._values(inside), strict=True):
            y, x = tiling.origins[t]
            canvas[y - top : y - top + h, x - left : x - left + w] = values
        small = shrunk(canvas[None], PREVIEW_PIXELS)[0]
        preview = Preview(
            job=self._job,
            kind="field",
            pass_index=self._pass,
            x=left,
            y=top,
            width=width,
            height=height,
            full_width=tiling.width,
            full_height=tiling.height,
            pixel_width=small.shape[1],
            pixel_height=small.shape[0],
            channels=3,
        )
        return preview, interleaved(viridis(small / 2 + 0.5))

    def _values(self, tiles: list[int]) -> Tensor:
        """(T, h, w) in about -1..1, dim where a tile shows little."""
        s = self._solver
        h, w = s.tiling.tile_height, s.tiling.tile_width
        vectors = s.vectors[tiles, self._channel]
        scale = ramp_signs(vectors, h, w) * (h * w) ** 0.5 / CONTRAST
        scale *= s.structure()[tiles].to(vectors.device)
        known = s.usable[tiles].to(vectors.device)[:, None]
        values: Tensor = (vectors * scale[:, None]).where(known, 0)
        return values.reshape(-1, h, w)


def image_preview(job: str, pass_index: int, rgb: Tensor) -> Emission:
    """A picture (3, H, W) after a pass, small."""
    small = shrunk(rgb, PREVIEW_PIXELS)
    height, width = rgb.shape[1:]
    preview = Preview(
        job=job,
        kind="image",
        pass_index=pass_index,
        x=0,
        y=0,
        width=width,
        height=height,
        full_width=width,
        full_height=height,
        pixel_width=small.shape[2],
        pixel_height=small.shape[1],
        channels=3,
    )
    return preview, interleaved(quantised(small))


def shrunk(image: Tensor, most: int) -> Tensor:
    """(c, H, W) with no side longer than `most`, by area."""
    side = max(image.shape[1:])
    if side <= most:
        return image
    size = [max(1, s * most // side) for s in image.shape[1:]]
    return functional.interpolate(image[None], size, mode="area")[0]
