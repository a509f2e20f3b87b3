"""Banded Cholesky factors by LAPACK, without Python's lock: lanes factor side by side.

scipy.linalg's own wrappers hold the lock, for 15 ms on a tile of 64 x 64 pixels.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import get_cython_function_address
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def _lapack(name: str, arguments: int) -> Callable[..., None]:
    """A LAPACK routine as scipy links it: every argument is a pointer."""
    address = get_cython_function_address("scipy.linalg.cython_lapack", name)
    routine: Any = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * arguments)(address)

    def call(*values: Any) -> None:
        info = ctypes.c_int()
        pointers = [v.ctypes.data if isinstance(v, np.ndarray) else ctypes.byref(v) for v in values]
        routine(*(ctypes.cast(p, ctypes.c_void_p) for p in (*pointers, ctypes.byref(info))))
        if info.value:
            raise np.linalg.LinAlgError(f"{name}: info {info.value}")

    return call


_factor, _solve = _lapack("dpbtrf", 6), _lapack("dpbtrs", 9)
_LOWER = ctypes.c_char(b"L")


def factor(band: Matrix) -> None:
    """Overwrite a positive definite matrix by its Cholesky factor.

    Args:
        band: (n, width), C order: band[j, d] is entry (j + d, j).

    Raises:
        LinAlgError: the matrix is not positive definite.
    """
    n, width = band.shape
    _factor(_LOWER, ctypes.c_int(n), ctypes.c_int(width - 1), band, ctypes.c_int(width))


def solve(factored: Matrix, rows: Matrix) -> None:
    """Overwrite right sides (k, n) by the solutions, given the factor of `factor`."""
    (n, width), k = factored.shape, len(rows)
    sizes = [ctypes.c_int(value) for value in (n, width - 1, k)]
    _solve(_LOWER, *sizes, factored, ctypes.c_int(width), rows, ctypes.c_int(n))
