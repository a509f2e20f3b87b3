"""Keep a service busy for long, and see whether it leaks.

make soak MINUTES=60                    prints what every process holds, and how that goes
make soak MINUTES=60 ARGS=--write       and writes benchmarks/soak/README.md
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.soak.report import complaints, ends, page, trends
from benchmarks.soak.run import Options, Results, run

PAGE = Path(__file__).with_name("README.md")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, then print or write; 1 when something leaks, or was lost."""
    options = _parser().parse_args(arguments)
    results = run(Options(options.minutes, options.seed, options.clients, options.most_side))
    print("\n\n".join((ends(results), trends(results), complaints(results))))
    if options.write:
        _write(results)
    return int(bool(results.complaints))


def _write(results: Results) -> None:
    from benchmarks.engine.machine import machine  # late: it needs torch

    PAGE.write_text(page(results, machine()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make soak", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="of load")
    parser.add_argument("--seed", type=int, default=1, help="of everything random")
    parser.add_argument("--clients", type=int, default=3, help="at a time")
    parser.add_argument("--most-side", type=int, default=512, help="pixels, of any picture")
    parser.add_argument("--write", action="store_true", help="write README.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
