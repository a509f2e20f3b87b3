"""Strike a service under load, and account for every job.

make chaos SECONDS=600 SEED=1                   prints what became of every request
make chaos SECONDS=600 SEED=1 ARGS=--write      and writes benchmarks/chaos/README.md
make chaos ARGS='--workers 2'                   kills and stops one of two workers, and both
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chaos.report import accounts, complaints, page, struck
from benchmarks.chaos.run import Options, Results, run

PAGE = Path(__file__).with_name("README.md")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, then print or write; 1 when something is not accounted for."""
    options = _parser().parse_args(arguments)
    results = run(
        Options(
            options.seconds,
            options.seed,
            options.rate,
            options.every,
            options.most_side,
            options.workers,
        )
    )
    print("\n\n".join((accounts(results), struck(results), complaints(results))))
    if not results.small_disk:
        print("\nThe disk was not filled: this user may not mount a small one.")
    if options.write:
        _write(results)
    return int(bool(results.complaints))


def _write(results: Results) -> None:
    from benchmarks.engine.machine import machine  # late: it needs torch

    PAGE.write_text(page(results, machine()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make chaos", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="of load and blows")
    parser.add_argument("--seed", type=int, default=1, help="of everything random")
    parser.add_argument("--rate", type=float, default=1.2, help="requests a second")
    parser.add_argument("--every", type=float, default=4.0, help="seconds from blow to blow")
    parser.add_argument("--most-side", type=int, default=1024, help="pixels, of any picture")
    parser.add_argument("--workers", type=int, default=1, help="several stand by themselves")
    parser.add_argument("--write", action="store_true", help="write README.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
