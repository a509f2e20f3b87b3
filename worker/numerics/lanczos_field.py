"""The field by the reference mode: every tile from the same random vector, for so many steps."""

from collections.abc import Iterator

import torch
from torch import Tensor

from worker.numerics.field_state import CHANNELS, FieldSettings, FieldState, TileStatus
from worker.numerics.lanczos import Lanczos
from worker.numerics.lanes import in_lanes
from worker.numerics.laplacian import image_laplacian
from worker.numerics.tiling import tile_image

STEPS_AT_ONCE = 5
"""Iterations of a batch between two looks at the clock; one of 12 tiles takes 5 to 10 ms."""


class LanczosSolver(FieldState):
    """Tiles solved by `Lanczos`, batch by batch; they stay `refining` where its bound is large."""

    def __init__(self, image: Tensor, settings: FieldSettings) -> None:
        """Plan the tiles of `image` (3, H, W) float32 in [0, 1]."""
        height, width = image.shape[1:]
        tiling = tile_image(height, width, settings.tile_size, settings.overlap)
        super().__init__(image, tiling, settings, CHANNELS)
        self._work = self._run()

    def _run(self) -> Iterator[list[int]]:
        yield from self.memory.retried(self._rest)

    def _rest(self) -> Iterator[list[int]]:
        """Solve what has not been solved; begun anew where memory has run out."""
        s = self.settings
        # The same batches after a restart: what is batched together shows in the bytes.
        tiles = list(range(self.tiling.count))
        batches = self.memory.batches(tiles, s.batch_pixels // self.vectors.shape[2])
        done = self.usable.tolist()
        batches = [rest for b in batches if (rest := [t for t in b if not done[t]])]
        yield from in_lanes(s.lanes, [self._solve(batch) for batch in batches], s.quantum_s)

    def _solve(self, tiles: list[int]) -> Iterator[list[int]]:
        s = self.settings
        laplacian = image_laplacian(self.tiling.crop(self.image, tiles), s.stencil, s.tau)
        run = Lanczos(laplacian, s.iterations)
        while not run.finished:
            run.step()
            if run.steps % STEPS_AT_ONCE == 0:
                yield []
        solution = run.certify(CHANNELS)
        self.vectors[tiles] = solution.vectors
        self.theta[tiles] = solution.theta.cpu()
        self.residual[tiles] = solution.residual.double().cpu()
        self.bound[tiles] = solution.bound.double().cpu()
        self.iterations[tiles] = run.steps
        converged = self.bound[tiles] <= s.tolerance
        self.status[tiles] = torch.where(
            converged, int(TileStatus.CONVERGED), int(TileStatus.REFINING)
        ).to(torch.uint8)
        yield tiles
