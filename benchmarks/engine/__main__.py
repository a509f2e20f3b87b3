"""Measure the engine beside its peers and write benchmarks/README.md.

make bench                 everything, a quarter of an hour on two cores
make bench ARGS=--quick    a minute; prints the tables and writes nothing
"""

import argparse
import sys
import time
from pathlib import Path

from benchmarks.engine.choice import Choice, say
from benchmarks.engine.machine import machine
from benchmarks.engine.plots import draw
from benchmarks.engine.report import page, tables
from benchmarks.engine.stages import measure_all

HERE = Path(__file__).resolve().parents[1]


def main() -> int:
    """Measure, then print or write."""
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two small pictures, nothing written")
    quick = parser.parse_args().quick
    started = time.perf_counter()
    measured = measure_all(Choice(quick))
    took = time.perf_counter() - started
    if quick:
        print("\n\n".join(f"## {title}\n\n{table}" for title, table in tables(measured).items()))
    else:
        draw(measured, HERE / "figures")
        (HERE / "README.md").write_text(page(measured, machine(), took))
    say(f"done in {took / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
