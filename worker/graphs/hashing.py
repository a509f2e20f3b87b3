"""Numbers that look random and depend on a counter alone; Steele, Lea and Flood (2014)."""

import numpy as np
from numpy.typing import NDArray

STEP = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's output for every counter."""
    with np.errstate(over="ignore"):  # of scalars; arrays wrap silently
        z = (values + np.uint64(1)) * STEP
        z = (z ^ (z >> np.uint64(30))) * FIRST
        z = (z ^ (z >> np.uint64(27))) * SECOND
    return z ^ (z >> np.uint64(31))


def uniform(values: NDArray[np.uint64]) -> NDArray[np.float64]:
    """One number in 0..1, 1 excluded, for every counter."""
    return (mixed(values) >> np.uint64(11)).astype(np.float64) * np.float64(2.0**-53)
