"""The shader; `SpectralShader` is the whole of it as a torch module."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from worker.kinds.module import SpectralShader

__all__ = ["SpectralShader"]


def __getattr__(name: str) -> object:
    # Lazily: the module needs all of `worker.kinds`, which is built of the parts in here.
    if name == "SpectralShader":
        from worker.kinds.module import SpectralShader

        return SpectralShader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
