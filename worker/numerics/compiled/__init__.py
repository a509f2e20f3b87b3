"""Loops compiled for the CPU with numba; they release Python's lock and use one thread each."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.config import reload_config

F = TypeVar("F", bound=Callable[..., Any])

_FAST = {"contract", "nsz", "arcp", "reassoc"}  # not "nnan": a NaN has to stay one


def _cache_dir() -> Path:
    """Where machine code is kept between starts.

    Numba looks only at a function's own file for changes, not at the functions that it calls:
    hence one folder for each state of this package.
    """
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in (*sorted(here.glob("*.py")), here.parent / "constants.py"):
        digest.update(path.read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "itten" / f"compiled-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a read-only home; compiled anew after every boot
        return Path(tempfile.gettempdir()) / f"itten-{os.getuid()}" / folder.name
    return folder


os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache_dir()))
reload_config()  # type: ignore[no-untyped-call]


def compiled(function: F) -> F:
    """Compile on the first call for each kind of array; vectorised where sums may be reordered."""
    jit: Any = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=_FAST)
    made: F = jit(function)
    return made
