"""Make what docs/ shows: `parameters.md` from the fields of a spec, and all pictures.

    python -m benchmarks.manual [--text] [--only percentile,steps]

`--text` writes the page alone, at once; `--only` makes these pictures alone.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from worker.runtime import prepare_libraries

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.manual",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--text", action="store_true", help="the page of parameters alone")
    parser.add_argument("--only", default="", help="pictures, by name, with commas between")
    options = parser.parse_args(arguments)
    prepare_libraries()
    from benchmarks.manual import pictures, reference  # late, as torch must not be there before

    only = [name for name in options.only.split(",") if name]
    if not only:
        (DOCS / "parameters.md").write_text(reference.page())
    if options.text:
        return 0
    try:
        pictures.make(only, DOCS)
    except LookupError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
