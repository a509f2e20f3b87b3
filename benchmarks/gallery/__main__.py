"""Make the sheets of the gallery, and the page that shows them.

    python -m benchmarks.gallery [--only cross,sweep-percentile] [--out DIR] [--images FILE ...]

`--only` takes names of sheets or their beginnings; `--list` prints them. With `--images` the sheets
are over those pictures instead of the project's own, in out/own.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from worker.runtime import prepare_libraries


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what was asked for; return the exit status."""
    options = _parser().parse_args(arguments)
    prepare_libraries()
    from benchmarks.gallery import making  # late, as torch must not be there before

    only = [name for name in options.only.split(",") if name]
    try:
        plans, studio = making.selection(only, options.images)
    except LookupError as error:
        print(f"{error}; see --list", file=sys.stderr)
        return 2
    if options.list:
        print(*(plan.name for plan in plans), sep="\n")
        return 0
    folder = options.out or Path("out/own" if options.images else "out/gallery")
    making.make(plans, studio, folder)
    print(folder / "index.html")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gallery",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default="", help="sheets, by name, with commas between")
    parser.add_argument("--list", action="store_true", help="print the names of the sheets")
    parser.add_argument("--images", nargs="+", type=Path, default=[], help="other pictures")
    parser.add_argument("--out", type=Path, help="folder to write to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
