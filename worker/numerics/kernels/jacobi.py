"""Eigenvectors of many small symmetric matrices on CUDA, one program each (Triton).

cuSOLVER's batched routines report failures to the host, which waits for them; here nothing waits,
and a matrix has the same bytes alone as among others.
"""

from collections.abc import Callable
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

LARGEST = 64
"""Rows at most; more do not fit into the registers of a program, and go to cuSOLVER."""

_SWEEPS = 16
"""At most; 12 rows need 5 to 7, the last of them to see that nothing is left."""

_NEGLIGIBLE = tl.constexpr(1e-29)
"""Sum of squares off the diagonal over that of all: eigenvalues are right to 1e-14 from there."""


def small_eigh(A: Tensor) -> tuple[Tensor, Tensor]:
    """As `torch_kernels.small_eigh` up to the signs of the vectors, by Jacobi's rotations."""
    batch, s, _ = A.shape
    if s > LARGEST:
        values, vectors = torch.linalg.eigh(A)
        return values, vectors
    values, vectors = A.new_empty(batch, s), A.new_empty(batch, s, s)
    size = max(triton.next_power_of_2(s), 2)
    # Elements of two matrices in float64: 16 a thread.
    warps = max(1, size * size // 512)
    _jacobi[(batch,)](
        A.contiguous(), values, vectors, s, SIZE=size, SWEEPS=_SWEEPS, num_warps=warps
    )
    return values, vectors


Decorator = Callable[[Callable[..., Any]], Any]
_program: Decorator = triton.jit(do_not_specialize=["s"])
_part: Decorator = triton.jit  # of a program


@_program
def _jacobi(
    A: tl.tensor,
    values: tl.tensor,
    vectors: tl.tensor,
    s: tl.tensor,
    SIZE: tl.constexpr,
    SWEEPS: tl.constexpr,
) -> None:
    """Cyclic in the order of a tournament: each round rotates disjoint pairs, all at once."""
    base = tl.program_id(0).to(tl.int64) * s
    i, j = tl.arange(0, SIZE)[:, None], tl.arange(0, SIZE)[None, :]
    inside = (i < s) & (j < s)
    S = tl.load(A + (base + i) * s + j, mask=inside, other=0.0)
    U = tl.where(i == j, tl.full([SIZE, SIZE], 1.0, tl.float64), 0.0)  # rows are vectors
    whole = tl.sum(S * S)
    last = s - 1 + s % 2  # the player who keeps the seat; of an odd number, one sits out
    sweep = 0
    while (sweep < SWEEPS) & (_off_diagonal(S, i, j) > whole * _NEGLIGIBLE):
        for turn in range(last):
            # Pairs (turn + d, turn - d) modulo `last`; whoever meets himself meets `last`.
            partner = (2 * turn - i + last) % last
            partner = tl.where(partner == i, last, partner)
            partner = tl.where(i == last, turn, tl.where(i > last, i, partner))
            S, U = _rotate(S, U, i, j, partner)
        sweep += 1
    theta = tl.sum(tl.where(i == j, S, 0.0), 1)[:, None]
    others = tl.trans(theta)
    before = (others < theta) | ((others == theta) & (j < i))
    rank = tl.sum((before & (j < s)).to(tl.int32), 1)[:, None]
    tl.store(values + base + rank, theta, mask=i < s)
    tl.store(vectors + (base + j) * s + rank, U, mask=inside)


@_part
def _off_diagonal(S: tl.tensor, i: tl.tensor, j: tl.tensor) -> tl.tensor:
    return tl.sum(tl.where(i == j, 0.0, S * S))


@_part
def _rotate(S: tl.tensor, U: tl.tensor, i: tl.tensor, j: tl.tensor, partner: tl.tensor) -> tl.tuple:
    """J^T S J and J^T U, J the rotations that clear S[i, partner(i)], (SIZE, 1) partners."""
    theta = tl.sum(tl.where(i == j, S, 0.0), 1)[:, None]
    coupling = tl.sum(tl.where(j == partner, S, 0.0), 1)[:, None]
    # tan of the smaller angle (Golub and Van Loan, 8.5.2), worked out by the first of each pair.
    idle = (coupling == 0.0) | (i >= partner)
    tau = (tl.gather(theta, partner, 0) - theta) / (2.0 * tl.where(idle, 1.0, coupling))
    tangent = tl.where(tau < 0.0, -1.0, 1.0) / (tl.abs(tau) + tl.sqrt(1.0 + tau * tau))
    tangent = tl.where(idle, 0.0, tangent)
    tangent = tangent - tl.gather(tangent, partner, 0)
    cosine = 1.0 / tl.sqrt(1.0 + tangent * tangent)
    sine = -tangent * cosine
    there = tl.broadcast_to(partner, S.shape)
    S = cosine * S + sine * tl.gather(S, there, 0)
    U = cosine * U + sine * tl.gather(U, there, 0)
    S = tl.trans(S)
    S = cosine * S + sine * tl.gather(S, there, 0)
    # What was cleared is 0 but for rounding.
    return tl.where((j == partner) & (i != j), 0.0, S), U
