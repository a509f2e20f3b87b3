"""In which order the nodes of a map are computed."""

import torch
from torch import Tensor


def coverage(n: int) -> Tensor:
    """0..n-1 by their reversed bits: every part of the order covers the whole evenly."""
    bits = max(1, (n - 1).bit_length())
    forward = torch.arange(1 << bits)
    backward = torch.zeros_like(forward)
    for bit in range(bits):  # loop: stages
        backward |= (forward >> bit & 1) << (bits - 1 - bit)
    return backward[backward < n]
