"""The kernels compiled for CUDA (Triton): each weight leaves the card's memory once per product.

Everything is a gather over pixels, or a sum of integers: no result depends on the order in which
programs run, nor on which other tiles are in the batch. Nothing about a tile is compiled in but the
number of vectors and the precision, so that a new shape costs no compilation.

With TRITON_INTERPRET=1, set before Triton is imported, the same programs run on the CPU.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.numerics.constants import WEIGHT_FLOOR
from worker.numerics.kernels.jacobi import small_eigh as small_eigh
from worker.numerics.kernels.torch_kernels import FIXED_POINT

Decorator = Callable[[Callable[..., Any]], Any]

_PIXELS = 256
"""Pixels of one program: two a thread. One tile makes 16 programs, one photograph of 512 x 512
a full load of an H200."""

_MOST_ROWS = 16
"""Vectors of one program; beyond that the sums no longer fit into registers."""

_UNROLL = tl.constexpr(4)  # offsets whose loads are under way together
_FLOOR = tl.constexpr(WEIGHT_FLOOR)
_FIXED_POINT = tl.constexpr(FIXED_POINT)
_UNITS = 2.0**40  # of the fixed-point sums
_UNITS_CONST = tl.constexpr(_UNITS)


def edge_weights(
    colours: Tensor,
    shifts: tuple[int, ...],
    across: tuple[int, ...],
    base: tuple[float, ...],
    width: int,
    pad: int,
) -> tuple[Tensor, Tensor]:
    """As `torch_kernels.edge_weights`."""
    batch, _, n = colours.shape
    weights = colours.new_empty(batch, len(shifts), pad + n)
    degree = colours.new_empty(batch, 1, n)
    _edge_weights[(triton.cdiv(pad + n, _PIXELS), batch)](
        colours.contiguous(),
        _there(shifts, torch.int32, colours.device),
        _there(across, torch.int32, colours.device),
        _there(base, colours.dtype, colours.device),
        weights,
        degree,
        n,
        width,
        pad,
        len(shifts),
        PIXELS=_PIXELS,
    )
    return weights, degree


def apply(weights: Tensor, shifts: tuple[int, ...], pad: int, X: Tensor) -> Tensor:
    """As `torch_kernels.apply`."""
    batch, k, n = X.shape
    rows = min(triton.next_power_of_2(k), _MOST_ROWS)
    pixels = max(_PIXELS // max(rows // 4, 1), 64)
    Y = torch.empty_like(X, memory_format=torch.contiguous_format)
    _apply[(triton.cdiv(n, pixels), batch, triton.cdiv(k, rows))](
        weights.contiguous(),
        _there(shifts, torch.int32, X.device),
        X.contiguous(),
        Y,
        n,
        pad,
        len(shifts),
        k,
        ROWS=rows,
        PIXELS=pixels,
    )
    return Y


def galerkin_sums(
    weights: Tensor, shifts: tuple[int, ...], pad: int, labels: Tensor, m: int
) -> Tensor:
    """As `torch_kernels.galerkin_sums`, and to the last bit."""
    batch, n = labels.shape
    sums = torch.zeros(batch, m, m, dtype=torch.int64, device=labels.device)
    _galerkin_sums[(triton.cdiv(n, _PIXELS), batch)](
        weights.contiguous(),
        _there(shifts, torch.int32, labels.device),
        labels.contiguous(),
        sums,
        n,
        pad,
        len(shifts),
        m,
        PIXELS=_PIXELS,
    )
    return sums.double().div_(_UNITS)


@lru_cache(maxsize=256)
def _there(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """A tuple on the device; copied once for each shape of tile."""
    return torch.tensor(values, dtype=dtype, device=device)


# Alignment is not specialised on: a pixel's neighbours have none, and mixed widths of loads would
# cost a trip through shared memory per offset.
_PLAIN = ["n", "width", "pad", "count", "k", "m"]
_program: Decorator = triton.jit(do_not_specialize=_PLAIN, do_not_specialize_on_alignment=_PLAIN)
_part: Decorator = triton.jit  # of a program


@_program
def _edge_weights(
    colours: tl.tensor,
    shifts: tl.tensor,
    across: tl.tensor,
    base: tl.tensor,
    weights: tl.tensor,
    degree: tl.tensor,
    n: tl.tensor,
    width: tl.tensor,
    pad: tl.tensor,
    count: tl.tensor,
    PIXELS: tl.constexpr,
) -> None:
    """Each pixel works out its edges both ways: twice the arithmetic, but no sums to share."""
    batch = tl.program_id(1).to(tl.int64)
    slot = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    i = slot - pad
    inside = (i >= 0) & (i < n)
    column = i % width
    pixel = colours + batch * 3 * n + i
    red, green, blue = _colour(pixel, n, inside)
    total = tl.zeros_like(red)
    row = weights + batch * count * (pad + n) + slot
    for s in tl.range(0, count, loop_unroll_factor=_UNROLL):
        shift, dx, weight = tl.load(shifts + s), tl.load(across + s), tl.load(base + s)
        # The pair must not wrap around a row.
        ahead = inside & (i + shift < n) & (column + dx >= 0) & (column + dx < width)
        behind = inside & (i >= shift) & (column - dx >= 0) & (column - dx < width)
        r, g, b = _colour(pixel + shift, n, ahead)
        forth = tl.where(ahead, _weight(r - red, g - green, b - blue, weight), 0.0)
        r, g, b = _colour(pixel - shift, n, behind)
        back = tl.where(behind, _weight(r - red, g - green, b - blue, weight), 0.0)
        tl.store(row, forth, mask=slot < pad + n)
        total = (total + forth) + back
        row += pad + n
    tl.store(degree + batch * n + i, total, mask=inside)


@_part
def _colour(pixel: tl.tensor, n: tl.tensor, mask: tl.tensor) -> tl.tuple:
    red = tl.load(pixel, mask=mask, other=0.0)
    green = tl.load(pixel + n, mask=mask, other=0.0)
    blue = tl.load(pixel + 2 * n, mask=mask, other=0.0)
    return red, green, blue


@_part
def _weight(red: tl.tensor, green: tl.tensor, blue: tl.tensor, base: tl.tensor) -> tl.tensor:
    likeness = tl.exp(-tl.sqrt(red * red + green * green + blue * blue))
    floor = tl.full(likeness.shape, _FLOOR, likeness.dtype)  # a bare number is a float32
    return base * tl.maximum(likeness, floor, propagate_nan=tl.PropagateNan.ALL)


@_program
def _apply(
    weights: tl.tensor,
    shifts: tl.tensor,
    X: tl.tensor,
    Y: tl.tensor,
    n: tl.tensor,
    pad: tl.tensor,
    count: tl.tensor,
    k: tl.tensor,
    ROWS: tl.constexpr,
    PIXELS: tl.constexpr,
) -> None:
    """All vectors of a pixel in one program: its weights are read once."""
    batch = tl.program_id(1).to(tl.int64)
    i = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    v = tl.program_id(2) * ROWS + tl.arange(0, ROWS)
    inside, wanted = i < n, (v < k)[:, None]
    at = X + (batch * k + v)[:, None] * n + i[None, :]
    x = tl.load(at, mask=wanted & inside[None, :], other=0.0)
    y = tl.zeros_like(x)
    row = weights + batch * count * (pad + n) + pad + i
    for s in tl.range(0, count, loop_unroll_factor=_UNROLL):
        shift = tl.load(shifts + s)
        forth = tl.load(row, mask=inside, other=0.0)[None, :]
        back = tl.load(row - shift, mask=inside, other=0.0)[None, :]
        ahead = tl.load(at + shift, mask=wanted & (i + shift < n)[None, :], other=0.0)
        behind = tl.load(at - shift, mask=wanted & (inside & (i >= shift))[None, :], other=0.0)
        y = tl.fma(x - ahead, tl.broadcast_to(forth, x.shape), y)
        y = tl.fma(x - behind, tl.broadcast_to(back, x.shape), y)
        row += pad + n
    there = Y + (batch * k + v)[:, None] * n + i[None, :]
    tl.store(there, y, mask=wanted & inside[None, :])


@_program
def _galerkin_sums(
    weights: tl.tensor,
    shifts: tl.tensor,
    labels: tl.tensor,
    sums: tl.tensor,
    n: tl.tensor,
    pad: tl.tensor,
    count: tl.tensor,
    m: tl.tensor,
    PIXELS: tl.constexpr,
) -> None:
    """Integers of 2^-40: they add up to the same in any order.

    A pixel sums up the edges within its own aggregate, and those that follow each other to one
    other; of 56 offsets in a photograph, 22 times that is another one than before.
    """
    batch = tl.program_id(1).to(tl.int64)
    i = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    inside = i < n
    label = labels + batch * n + i
    own = tl.load(label, mask=inside, other=0)
    mine = sums + batch * m * m + own * m
    other = own
    within = tl.zeros([PIXELS], tl.int64)
    total = tl.zeros([PIXELS], tl.int64)
    row = weights + batch * count * (pad + n) + pad + i
    for s in tl.range(0, count):
        shift = tl.load(shifts + s)
        mask = i + shift < n
        weight = tl.load(row, mask=mask, other=0.0).to(tl.float64)
        units = (((weight + _FIXED_POINT) - _FIXED_POINT) * _UNITS_CONST).to(tl.int64)
        target = tl.load(label + shift, mask=mask & (units != 0), other=0)
        leaves = (units != 0) & (target != own)
        changed = leaves & (target != other)
        tl.atomic_add(mine + other, total, mask=changed & (total != 0), sem="relaxed")
        within += tl.where(leaves, 0, units)
        total = tl.where(changed, 0, total) + tl.where(leaves, units, 0)
        other = tl.where(changed, target, other)
        row += pad + n
    tl.atomic_add(mine + other, total, mask=inside & (total != 0), sem="relaxed")
    tl.atomic_add(mine + own, within, mask=inside & (within != 0), sem="relaxed")
