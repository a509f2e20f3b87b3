"""Load the service beyond its capacity and write benchmarks/load/README.md.

make load                                         five minutes and some; writes table and plot
make load ARGS='--seconds 10 --loads 1,2 --most-side 1024'     smaller: prints, writes nothing
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import trio

from benchmarks.load import scenes
from benchmarks.load.arrivals import SIDES, requests
from benchmarks.load.calibrate import measured, say
from benchmarks.load.costs import FILE, Costs
from benchmarks.load.drive import drive
from benchmarks.load.report import page, tables
from benchmarks.load.results import Load, Results, as_json
from benchmarks.load.served import Served, served
from benchmarks.load.simulate import Simulation

HERE = Path(__file__).parent
PLOT = HERE.parents[1] / "docs" / "load.png"
SECONDS, LOADS = 60.0, (0.5, 1.0, 2.0, 4.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, then print or write; 1 when an answer was lost, an error or late."""
    options = _parser().parse_args(arguments)
    costs = _costs(options)
    results = _measure(options, costs)
    if options.json is not None:
        options.json.write_text(as_json(results))
    _write(results) if options.write else _print(results)
    return int(any(_fails(load) for load in results.loads))


def _costs(options: argparse.Namespace) -> Costs:
    if options.costs is not None and options.costs.exists():
        return msgspec.json.decode(options.costs.read_bytes(), type=Costs)
    say("measuring what requests cost alone")
    costs = measured(options.most_side)
    if options.costs is not None:
        options.costs.write_bytes(msgspec.json.encode(costs))
    return costs


def _measure(options: argparse.Namespace, costs: Costs) -> Results:
    capacity = costs.capacity(options.most_side)
    say(f"capacity: {capacity:.2f} requests a second")
    results = Results("", options.seed, options.seconds, costs, capacity, [], [], None)
    with served() as server:
        for times in options.loads:
            results.loads.append(_load(server, options, costs, times))
        if options.scenes:
            say("clients side by side; small behind large")
            throughput = trio.run(scenes.throughput, server)
            results = replace(results, throughput=throughput)
            results = replace(results, behind=trio.run(scenes.behind, server))
    from benchmarks.engine.machine import machine  # late: it needs torch

    return replace(results, machine=machine())


def _load(server: Served, options: argparse.Namespace, costs: Costs, times: float) -> Load:
    rate = times * costs.capacity(options.most_side)
    plan = requests(options.seed, rate, options.seconds, options.most_side)
    say(f"{times:g} times the capacity: {len(plan)} requests in {options.seconds:g} s")
    driven = trio.run(drive, server, plan)
    simulated = Simulation(costs).run(plan)
    load = Load(times, rate, driven.outcomes, simulated, driven.watch)
    found = load.figures
    say(f"  {found.counts}, {found.late} late, off by {load.differences}")
    return load


def _fails(load: Load) -> bool:
    counts = load.figures.counts
    return bool(counts["failed"] + counts["lost"] + load.figures.late + load.watch.restarts)


def _print(results: Results) -> None:
    print("\n\n".join(f"## {title}\n\n{table}" for title, table in tables(results).items()))


def _write(results: Results) -> None:
    from benchmarks.load.plots import draw  # late: matplotlib is large

    draw(results, PLOT)
    (HERE / "README.md").write_text(page(results))
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(results.costs)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make load", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load")
    parser.add_argument("--loads", type=_numbers, default=LOADS, help="times the capacity, 0.5,1,2")
    parser.add_argument("--seed", type=int, default=1, help="of everything random")
    parser.add_argument("--most-side", type=int, default=max(SIDES), help="pixels, of any picture")
    parser.add_argument("--costs", type=Path, help="file to take costs from, or to keep them in")
    parser.add_argument("--json", type=Path, help="file for everything that was found")
    parser.add_argument("--no-scenes", dest="scenes", action="store_false", help="loads only")
    parser.add_argument("--write", action="store_true", help="write README.md and docs/load.png")
    return parser


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
