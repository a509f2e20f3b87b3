"""Imports every module of a package where only what a requirements file names is installed.

`python -m tests.deploy.half PACKAGE REQUIREMENTS [EXCEPT...]`; ends with an ImportError otherwise.
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement


def closure(names: Iterable[str]) -> set[str]:
    """The distributions that these bring along, and they themselves, as normalised names."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = normalised(left.pop())
        if name in found:
            continue
        found.add(name)
        try:
            needed = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:  # not for this platform
            continue
        wanted = (r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""}))
        left += [requirement.name for requirement in wanted]
    return found


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class Blocker(MetaPathFinder):
    """Finds nothing of any other distribution."""

    def __init__(self, allowed: set[str]) -> None:
        owners = packages_distributions()
        mine = {"service", "worker"}
        self._absent = {
            module
            for module, of in owners.items()
            if module not in mine and not {normalised(name) for name in of} & allowed
        }

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self._absent:
            raise ModuleNotFoundError(f"no {fullname} there", name=fullname)
        return None


def main(package: str, requirements: str, *leave_out: str) -> None:
    lines = Path(requirements).read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    sys.meta_path.insert(0, Blocker(closure(names)))
    for name in [name for name in sys.modules if name.partition(".")[0] == "packaging"]:
        del sys.modules[name]
    path = importlib.import_module(package).__path__
    for found in pkgutil.walk_packages(path, f"{package}."):
        if found.name not in leave_out and not found.name.endswith(".__main__"):
            importlib.import_module(found.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
