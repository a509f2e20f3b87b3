"""One pass of the shader over 512 x 512 pixels: milliseconds, operator by operator.

    python -m benchmarks.shader [--rounds 15] [--device cuda]

Prints one table for every number of threads, medians of the rounds. Fields and outlines are found
beforehand and not counted; nor is what a source lends, which is found once a job and has a row of
its own. Where the cores are busy otherwise, look at one thread.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from statistics import median
from typing import Any
from unittest.mock import patch

from worker.runtime import prepare_libraries

prepare_libraries()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from skimage import data  # noqa: E402

from benchmarks.drawings import whale  # noqa: E402
from benchmarks.engine.threads import limited  # noqa: E402
from worker.kinds.settings import shader_settings  # noqa: E402
from worker.kinds.spectrum import Ground, Spectrum  # noqa: E402
from worker.numerics.lanes import cores  # noqa: E402
from worker.shader import shader  # noqa: E402
from worker.shader.picture import Picture  # noqa: E402
from worker.shader.source import Source, source_of  # noqa: E402
from worker.wire.config import ShadeConfig, shade_params  # noqa: E402

OPERATORS = (
    *("lines_in", "spectral_gate", "complexity", "thicken", "low_strokes", "lent", "match"),
    *("transplant", "roomy", "lay"),
)
WHOLE, LENT = "the whole pass", "source, once a job"
PARAMS = shade_params(ShadeConfig())
SETTINGS = shader_settings(PARAMS)
WARM = 3  # rounds that are not counted

Times = dict[str, list[float]]  # seconds


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.shader",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    asked = parser.parse_args()
    cases = {
        "photograph": ground(data.astronaut(), asked.device),
        "line art": ground(np.asarray(whale()), asked.device),
    }
    for threads in sorted({cores(), 1}, reverse=True):
        with torch.inference_mode(), limited(threads):
            print(f"\nthreads: {threads}\n\n{table(measured(cases, asked.rounds))}", flush=True)
    return 0


def ground(pixels: Any, device: torch.device) -> Ground:
    """What a shading job would begin its first pass with."""
    rgb = torch.from_numpy(pixels.copy()).permute(2, 0, 1).contiguous().to(device).float() / 255
    with torch.inference_mode():
        spectrum = Spectrum(Picture(rgb, None), PARAMS, SETTINGS)
        while not spectrum.ready:
            spectrum.step()
        return spectrum.ground()


def measured(cases: dict[str, Ground], rounds: int) -> dict[str, Times]:
    """Times of every picture by itself, and with the other one as its source."""
    columns: dict[str, Times] = {}
    for name, case in cases.items():
        other = cases[next(n for n in cases if n != name)]
        lend = partial(source_of, other.picture, other.field, SETTINGS, other.rule, other.sketch)
        for mode, source in ((name, None), (f"{name}, cross", lend())):
            times = columns[mode] = {name: [] for name in (*OPERATORS, WHOLE, LENT)}
            for _ in range(WARM + rounds):
                one_pass(case, source, times)
                if source is not None:
                    clocked(lend, times[LENT])()
    return columns


def one_pass(case: Ground, source: Source | None, times: Times) -> None:
    """Shade once, and once more with a clock around every operator."""
    picture, field, rule, sketch = case
    run = partial(shader.shade, picture, field, SETTINGS, rule, 1, sketch, source)
    clocked(run, times[WHOLE])()
    with clocks(times):
        run()


@contextmanager
def clocks(times: Times) -> Iterator[None]:
    """Clocks around the operators that a pass calls; one that is called twice counts as one."""
    taken: Times = {name: [] for name in OPERATORS}
    with ExitStack() as stack:
        for name in OPERATORS:
            timed = clocked(getattr(shader, name), taken[name])
            stack.enter_context(patch.object(shader, name, timed))
        yield
    for name, seconds in taken.items():
        times[name].append(sum(seconds))


def clocked(call: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    """The call, with the time of each added to a list."""

    def run(*args: Any, **kwargs: Any) -> Any:
        wait()
        started = time.perf_counter()
        result = call(*args, **kwargs)
        wait()
        seconds.append(time.perf_counter() - started)
        return result

    return run


def wait() -> None:
    """For what a GPU has been asked to do."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def table(columns: dict[str, Times]) -> str:
    """Markdown, in milliseconds."""
    lines = [["", *columns], ["---"] * (1 + len(columns))]
    for row in (*OPERATORS, WHOLE, LENT):
        values = [times[row][WARM:] for times in columns.values()]
        lines.append([row, *(f"{1e3 * median(v):.1f}" if v else "-" for v in values)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
