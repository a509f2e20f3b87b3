"""The versions of the server libraries whose internals this package overrides."""

from collections.abc import Mapping
from importlib.metadata import version

PATCHED: Mapping[str, str] = {
    "h11": "0.16.0",
    "hypercorn": "0.18.0",
    "quart": "0.22.0",
    "quart-trio": "0.12.0",
}


def require_pins(pins: Mapping[str, str] = PATCHED) -> None:
    """Raise RuntimeError unless exactly these versions are installed.

    The overrides reach into private parts of the libraries: with another version they may do
    nothing, silently, and one client could end the server again.
    """
    wrong = [
        f"{name} {wanted} is needed, {found} is installed"
        for name, wanted in pins.items()
        if (found := version(name)) != wanted
    ]
    if wrong:
        raise RuntimeError(
            f"{'; '.join(wrong)}. Install with `-c constraints.txt`; to upgrade, "
            "adapt service/http/*_guards.py and run tests/service/http."
        )
