"""In which order the nodes of a map are computed."""

import torch
from torch import Tensor


def coverage(n: int) -> Tensor:
    """0..n-1 by their reversed bits: every part of the order covers the whole evenly."""
    reversed_ = torch.zeros(1, dtype=torch.int64)
    while len(reversed_) < n:  # loop: stages
        reversed_ = torch.cat([2 * reversed_, 2 * reversed_ + 1])
    return reversed_[reversed_ < n]
