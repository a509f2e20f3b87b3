"""Which of a vector and its negative is shown."""

import torch
from torch import Tensor


def signed(X: Tensor) -> Tensor:
    """Rows with their first largest entry, by amount, positive."""
    amount = X.abs()
    place = (amount == amount.amax(1, keepdim=True)).to(torch.uint8).argmax(1, keepdim=True)
    signs = torch.where(X.gather(1, place) < 0, -1.0, 1.0)
    return X * signs
