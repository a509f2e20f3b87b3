"""The field of a whole image: the lowest eigenvectors of one graph, without tiles."""

from collections.abc import Mapping
from enum import Enum

import torch
from torch import Tensor

from worker.numerics.certificate import certify
from worker.numerics.checkpoint import Array
from worker.numerics.field_state import FieldSettings, FieldState, TileStatus
from worker.numerics.hierarchy import FirstLevel
from worker.numerics.lanes import single_threaded
from worker.numerics.multigrid import Multigrid
from worker.numerics.signs import ramp, ramp_signs
from worker.numerics.stencil import jacobi_damping
from worker.numerics.strip_lobpcg import Ritz, StripBlock
from worker.numerics.strips import StripGraph, Work
from worker.numerics.tile_batch import BLOCKS, DENSE_PIXELS, solve_dense
from worker.numerics.tiling import tile_image

STEPS = 60
"""Steps after which an image is left as it is. Photographs take 4 to 8, drawings 3 to 11; one of
many strokes of one pixel, each nearly a mode of its own, takes 45."""

GROW_AFTER = 4
"""Steps after which a block without a gap in sight is given up for a larger one."""

REFRESH_EVERY = 6
"""Steps after which L X and L P are computed anew."""

DRAWN_RESIDUAL, DRAWN_STEPS = 0.1, 12
"""Where more than the usual modes are asked for, to draw them, it goes on until the residuals of
all are below this share of their eigenvalues, but no longer than so many steps."""

USUAL_MODES = 4

SINGLE_RESIDUAL = 1e-5
"""Residuals below this are partly float32's rounding of L x; it goes on in float64."""

DRIFT_RESIDUAL = 1e-3
"""Residuals below this do not grow but by rounding: L X has drifted from X."""

GUARD = 1
"""Pairs beyond those asked for, without directions of their own. One takes the residual of the
fourth mode of a photograph (astronaut, eigenvalue 8 % below the fifth) from 7e-3 to 3e-3."""

LARGEST_BLOCK = 1 << 25
"""Values in the largest block that is grown: of a block this large seven copies take 900 MB."""


class Verdict(Enum):
    """What is to follow the iteration with one block."""

    ENDED = "nothing"
    WIDER = "a block with more vectors"
    FINER = "the same in float64"


class GlobalSolver(FieldState):
    """Computes the lowest eigenvectors of a whole image in short steps; one tile of H x W pixels.

    Attributes:
        residuals: (modes,) float64, ||L x - theta x|| of every mode.
    """

    def __init__(
        self,
        image: Tensor,
        settings: FieldSettings,
        previous: FieldState | None = None,
        modes: int = USUAL_MODES,
    ) -> None:
        """Plan the work on `image` (3, H, W) float32 in [0, 1].

        A `previous` state of the same size lends its vectors as a first guess.
        """
        height, width = image.shape[1:]
        super().__init__(image, tile_image(height, width, max(height, width), 0), settings, modes)
        self.residuals = torch.full((modes,), torch.inf, dtype=torch.float64)
        self._modes = modes
        self._lent = self._borrow(previous)  # whether `vectors` holds a guess before the first
        # Until the end; not copied, that of a picture of 16 megapixels is 270 MB.
        self._guess = previous.vectors[:, :modes] if previous and self._lent else None
        self._settled = previous is not None and self._settled_by(previous)
        self._work = self._run()

    def step(self) -> list[int]:
        """As any field's; what is not in lanes is short."""
        with single_threaded(needed=self.settings.lanes > 1):
            changed = super().step()
        if self.finished:
            self._guess = None
        return changed

    def drop(self) -> None:
        """As any field's."""
        super().drop()
        self._guess = None

    def checkpoint(self, before: Tensor | None = None) -> dict[str, Array]:
        """As any field's; with `residuals`, of every mode, once it has ended."""
        arrays = super().checkpoint(before)
        return {**arrays, "residuals": self.residuals.numpy()} if len(arrays["tiles"]) else arrays

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """As any field's."""
        residuals, shape = arrays.get("residuals"), self.residuals.shape
        if len(arrays.get("tiles", ())) and (residuals is None or residuals.shape != shape):
            raise ValueError("residuals: not of every mode")
        super().restore(arrays)
        if residuals is not None:
            self.residuals.copy_(torch.from_numpy(residuals))

    def structure(self) -> Tensor:
        """(1,): 0 for an image of one colour, which shows nothing."""
        pixels = self.image.flatten(1)
        return (pixels != pixels[:, :1]).any().float().cpu()[None]

    # --- the work: every `yield` is the end of a step ------------------------------------------

    def _run(self) -> Work[None]:
        if self._settled:
            yield [0]
        elif self.vectors.shape[2] <= DENSE_PIXELS:
            yield self._dense()
        else:
            yield from self._solve()

    def _solve(self) -> Work[None]:
        s = self.settings
        graph = StripGraph(self.image, s.stencil, s.tau, s.lanes)
        grids = yield from self._grids(graph)
        k, dtype = max(self._modes, BLOCKS[0]), torch.float32
        X = self.vectors[0] if self._lent else None
        while True:
            damping = jacobi_damping(s.stencil)
            guard = GUARD if graph.n * k <= LARGEST_BLOCK else 0
            block = StripBlock(graph, grids, k + guard, k, damping, dtype)
            yield from self._start(block, grids, X)
            verdict = yield from self._iterate(block, k)
            if verdict is Verdict.ENDED:
                return
            if verdict is Verdict.WIDER:
                k = min(b for b in BLOCKS if b > k)
            else:
                dtype = torch.float64
            X = block.X
            del block  # before the next one takes as much memory

    def _dense(self) -> list[int]:
        s = self.settings
        most = max(BLOCKS[-1], self._modes)
        exact = solve_dense(self.image[None], s.stencil, s.tau, most)
        self.vectors.copy_(exact.vectors[:, : self._modes])
        self.residuals.zero_()
        self._report(exact.theta[0], float(exact.residual[0]), float(exact.bound[0]))
        if self.bound[0] == torch.inf:
            self.status[0] = int(TileStatus.DEGENERATE)
        return [0]

    def _grids(self, graph: StripGraph) -> Work[Multigrid]:
        first = FirstLevel(graph)
        yield from graph.each(lambda i, _: first.group(i))
        yield []
        yield from graph.each(lambda i, _: first.join(i))
        yield []
        grids = Multigrid(first.level())
        yield []
        return grids

    def _start(self, block: StripBlock, grids: Multigrid, X: Tensor | None) -> Work[None]:
        """Begin with the vectors of the coarse levels, and with X (j, n) where it is known."""
        k, n = block.X.shape
        coarse, theta = yield from grids.eigenvectors(k)
        rows = [grids.levels[0].prolong(coarse)]
        if not self._known:
            self._preview(rows[0], theta)
            yield [0]
        if X is not None:
            rows.append(X.float())
        missing = k - sum(map(len, rows))
        if missing > 0:  # an image of few aggregates
            i = torch.arange(n, device=coarse.device)
            j = torch.arange(1, missing + 1, device=coarse.device)[:, None]
            rows.append(torch.sin(1.9898 * i * j))
        yield from block.start(torch.cat(rows) if len(rows) > 1 else rows[0])

    def _preview(self, vectors: Tensor, theta: Tensor) -> None:
        """Show vectors (j, n) of the coarse levels, of which nothing is proved."""
        found = min(len(vectors), self._modes)
        tiling = self.tiling
        signs = ramp_signs(vectors[:found], tiling.tile_height, tiling.tile_width)
        self.vectors.zero_()
        torch.mul(vectors[:found], signs[:, None], out=self.vectors[0, :found])
        self.theta[0, :found] = theta[:found]
        self.status[0] = int(TileStatus.COARSE)

    def _iterate(self, block: StripBlock, k: int) -> Work[Verdict]:
        before = torch.inf
        for step in range(STEPS + 1):
            if step:
                yield from block.step()
                yield []
                if step % REFRESH_EVERY == 0:
                    yield from block.refresh()
                self.iterations[0] += 1
            gapless = yield from self._certify(block, k)
            yield [0]
            if self._done(step):
                return Verdict.ENDED
            if gapless and step >= GROW_AFTER:
                return self._without_gap(block, k)
            residual = float(self.residual[0])
            drifting = not gapless and before < residual < DRIFT_RESIDUAL
            floored = not gapless and residual < SINGLE_RESIDUAL
            if (drifting or floored) and self._affordable(block):
                return Verdict.FINER
            if drifting:
                yield from block.refresh()
            before = residual
        return Verdict.ENDED

    def _without_gap(self, block: StripBlock, k: int) -> Verdict:
        if k < BLOCKS[-1] and 2 * block.X.numel() <= LARGEST_BLOCK:
            return Verdict.WIDER
        self.status[0] = int(TileStatus.DEGENERATE)
        return Verdict.ENDED

    def _affordable(self, block: StripBlock) -> bool:
        """Whether there is a float64 to go on in."""
        return block.X.dtype == torch.float32 and block.X.numel() <= LARGEST_BLOCK // 2

    def _certify(self, block: StripBlock, k: int) -> Work[bool]:
        """Take over the smoothed vectors and what they prove.

        Returns:
            Whether the first k show no gap above the lambda_2 cluster.
        """
        tiling, vectors = self.tiling, self.vectors[0]
        fixed = ramp(tiling.height, tiling.width, vectors.device)[None]
        if self._known:
            fixed = torch.cat((fixed, vectors))
        ritz = yield from block.smooth(fixed)
        theta = ritz.theta[None, :k]
        cluster = certify(theta, torch.zeros_like(theta)).cluster
        turn = _turn(ritz, int(cluster[0]))[: self._modes]
        residuals = yield from block.residuals(ritz, turn, vectors)
        proof = certify(theta, residuals[None, :k])
        self.residuals.copy_(residuals[: self._modes])
        self._report(ritz.theta, float(proof.residual[0]), float(proof.bound[0]))
        return bool(proof.cluster[0] >= k)

    def _report(self, theta: Tensor, residual: float, bound: float) -> None:
        self.theta[0] = theta[: self._modes]
        self.residual[0], self.bound[0] = residual, bound
        status = TileStatus.REFINING if self.iterations[0] else TileStatus.COARSE
        if bound <= self.settings.tolerance:
            status = TileStatus.CONVERGED
        self.status[0] = max(int(status), int(self.status[0]))

    def _done(self, step: int) -> bool:
        if float(self.bound[0]) > self.settings.tolerance:
            return False
        drawn = bool((self.residuals <= DRAWN_RESIDUAL * self.theta[0]).all())
        return self._modes <= USUAL_MODES or drawn or step >= DRAWN_STEPS

    # --- what it leaves ------------------------------------------------------------------------

    @property
    def ended(self) -> Tensor:
        """(T,) bool: tiles with nothing left to do."""
        return torch.tensor([self.finished or self._settled])

    def _first_guesses(self, tiles: list[int]) -> Tensor | None:
        return self._guess if tiles else None

    def _go_on(self, ended: Tensor, warm: bool) -> None:
        self._lent, self._settled = warm, bool(ended[0])
        self._guess = self.vectors.clone() if warm else None

    # --- what an earlier state lends ---------------------------------------------------------

    @property
    def _known(self) -> bool:
        """Whether `vectors` holds anything: a result, or a guess."""
        return self._lent or bool(self.usable[0])

    def _borrow(self, previous: FieldState | None) -> bool:
        if previous is None or not bool(previous.usable.all()):
            return False
        fitting = previous.tiling == self.tiling and previous.vectors.shape[1] >= self._modes
        if fitting:
            self.vectors.copy_(previous.vectors[:, : self._modes])
        return fitting

    def _settled_by(self, previous: FieldState) -> bool:
        """Take over everything from a converged state of the same image and settings."""
        done = self._lent and previous.converged and isinstance(previous, GlobalSolver)
        done = done and previous.settings == self.settings
        if not done or not torch.equal(previous.image, self.image):
            return False
        assert isinstance(previous, GlobalSolver)
        self.theta.copy_(previous.theta[:, : self._modes])
        self.residuals.copy_(previous.residuals[: self._modes])
        for name in ("bound", "residual", "iterations", "status"):
            getattr(self, name).copy_(getattr(previous, name))
        return True


def _turn(ritz: Ritz, cluster: int) -> Tensor:
    """(k, k) float64: what makes the vectors of the lambda_2 cluster and all signs definite.

    In a cluster any basis is as good as another: a reflection (Householder) makes its first vector
    the one nearest the ramp x + 2y. Signs follow the vectors known before, or the ramp.

    Args:
        ritz: whose products `along` are those with the ramp, then with vectors known before.
        cluster: its size, 1..k.
    """
    k, along = len(ritz.theta), ritz.along
    turn = torch.eye(k, dtype=along.dtype, device=along.device)
    nearest = along[:, 0].clone()
    nearest[cluster:] = 0
    if cluster > 1 and float(nearest.norm()) > 1e-3:
        axis = turn[0] - nearest / nearest.norm()
        axis = torch.nn.functional.normalize(axis, dim=0)
        turn = turn - 2 * axis[:, None] * axis
    along = turn @ along
    before = along[:, 1:].diagonal()
    sides = along[:, 0].clone()
    sides[: len(before)] = before
    return turn * torch.where(sides < 0, -1.0, 1.0)[:, None]
