"""What a set of Ritz pairs proves about the lambda_2 eigenspace."""

from typing import NamedTuple

import torch
from torch import Tensor

from worker.numerics.constants import CLUSTER_GAP


class Certificate(NamedTuple):
    """Per tile: the size of the lambda_2 cluster and the bound on its angle."""

    cluster: Tensor  # (B,) int64, 1..k; k where no gap is in sight
    bound: Tensor  # (B,) on sin(angle); inf where no gap is in sight
    residual: Tensor  # (B,) norm of the cluster's residuals


def certify(theta: Tensor, residuals: Tensor) -> Certificate:
    """Bound sin(angle) between the cluster's Ritz space and the exact one by ||R|| / gap.

    Davis and Kahan (1970); the gap comes from Ritz values, less the next one's own residual.

    Args:
        theta: (B, k) ascending Ritz values above the constant's 0.
        residuals: (B, k) norms of L x - theta x for unit x.
    """
    k = theta.shape[1]
    if k == 1:  # nothing to measure a gap against
        one = torch.ones(len(theta), dtype=torch.int64, device=theta.device)
        return Certificate(one, torch.full_like(theta[:, 0], torch.inf), residuals[:, 0])
    apart = theta[:, 1:] - theta[:, :-1] > CLUSTER_GAP * theta[:, 1:]
    seen = apart.any(1)
    cluster = torch.where(seen, apart.to(torch.uint8).argmax(1) + 1, k)
    inside = torch.arange(k, device=theta.device) < cluster[:, None]
    residual = (residuals * inside).square().sum(1).sqrt()
    last = theta.gather(1, cluster[:, None] - 1)[:, 0]
    following = cluster.clamp(max=k - 1)[:, None]
    gap = (theta - residuals).gather(1, following)[:, 0] - last
    bound = torch.where(seen & (gap > 0), residual / gap, torch.inf)
    return Certificate(cluster, bound, residual)
