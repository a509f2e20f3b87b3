"""The machine by what its speed depends on, and the versions of what was measured."""

import platform
from importlib.metadata import version
from pathlib import Path

from worker.numerics.lanes import cores

LIBRARIES = ("numpy", "scipy", "torch", "numba", "pyamg", "scikit-learn")


def machine() -> str:
    """Cores and model, then versions; two lines."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{cores()} cores of {_model()}; Python {platform.python_version()},\n{libraries}"


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
