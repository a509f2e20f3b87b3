"""The leak detector: what it catches, and what it does not take for a leak."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.soak.held import Held, held, kept
from benchmarks.soak.leaks import Bound, TooShort, trend
from benchmarks.soak.report import page
from benchmarks.soak.run import BOUNDS, MIB, PROCESSES, Options, Results, Sample

RSS = BOUNDS["service rss"]
SAMPLES = 240
DRAW = random.Random(1)
NOISE = [DRAW.gauss(0, 2 * MIB) for _ in range(SAMPLES)]


def leaks(of: Callable[[int], float], bound: Bound = RSS, jobs: float = 15.0) -> bool:
    """Whether what is held, sample by sample with so many jobs between, is called a leak."""
    held = [of(index) for index in range(SAMPLES)]
    return trend([jobs * index for index in range(SAMPLES)], held).leaks(bound)


# --- series --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "of",
    [
        lambda i: 100 * MIB + NOISE[i],
        lambda i: 100 * MIB + 3 * MIB * (i % 30),  # sawtooth
        lambda i: 100 * MIB + 3 * MIB * (i % 17) + NOISE[i],  # with another period
        lambda i: 100 * MIB + (400 * MIB if i % 40 > 30 else 0),  # bursts
        lambda i: 100 * MIB + 2 * MIB * min(i, 55),  # a cache that is full within the warm-up
        lambda i: 100 * MIB + (50 * MIB if i > 100 else 0),  # one step, up to what a job needs
        lambda i: 300 * MIB - MIB * i,  # less and less
    ],
    ids=["noise", "sawtooth", "another", "bursts", "cache", "step", "less"],
)
def test_no_leak(of: Callable[[int], float]):
    assert not leaks(of)


@pytest.mark.parametrize(
    "of",
    [
        lambda i: 100 * MIB + 0.06 * MIB * i + NOISE[i],  # 4 kB a job
        lambda i: 100 * MIB + 0.06 * MIB * i + 3 * MIB * (i % 17),  # below a sawtooth
        lambda i: 100 * MIB + 0.06 * MIB * i - (90 * MIB if i in (70, 150, 233) else 0),  # dips
    ],
    ids=["noise", "sawtooth", "dips"],
)
def test_a_leak(of: Callable[[int], float]):
    assert leaks(of)


def test_files_that_stay_open_are_a_leak():
    assert leaks(lambda i: 40 + i // 20, BOUNDS["service fds"])
    assert not leaks(lambda i: 40 + i % 9, BOUNDS["service fds"])


def test_a_short_run_says_nothing_by_chance():
    assert not leaks(lambda i: 100 * MIB + 0.02 * MIB * i, jobs=0.1)
    with pytest.raises(TooShort):
        trend([1.0] * 20, [1.0] * 20)
    with pytest.raises(TooShort):
        trend([5.0] * SAMPLES, [1.0] * SAMPLES)  # no jobs


# --- processes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "leaky"),
    [("nothing", set()), ("memory", {"rss"}), ("files", {"fds"}), ("sawtooth", set())],
)
def test_a_planted_leak_is_found(what: str, leaky: set[str]):
    samples = worked(what, samples=48, jobs=20)
    jobs = [20.0 * index for index in range(len(samples))]
    bounds = {"rss": RSS, "fds": BOUNDS["service fds"], "threads": BOUNDS["service threads"]}
    found = {
        name
        for name, bound in bounds.items()
        if trend(jobs, [getattr(each, name) for each in samples]).leaks(bound)
    }
    assert found == leaky


def worked(what: str, samples: int, jobs: int) -> list[Held]:
    """What a process holds after each so many jobs."""
    command = [sys.executable, "-m", "tests.benchmarks.leaking", what]
    found = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(samples):
            for _ in range(jobs):
                process.stdin.write(b"job\n")
                process.stdin.flush()
                process.stdout.readline()
            found.append(held([process.pid]))
        process.stdin.close()
    return found


def test_a_file_with_two_names_is_kept_once(tmp_path: Path):
    (tmp_path / "deep").mkdir()
    one = tmp_path / "deep" / "one"
    one.write_bytes(bytes(1000))
    (tmp_path / "two").hardlink_to(one)
    (tmp_path / "three").write_bytes(bytes(10))
    assert kept(tmp_path) == 1010
    assert kept(tmp_path / "missing") == 0


# --- the page ------------------------------------------------------------------------------------


def results(leak: int) -> Results:
    """Of a run in which the worker keeps so many bytes of each job."""
    found = Results(Options(60, 1, 3, 512), ends=Counter({"complete": 3000}), workers={17})
    for index in range(SAMPLES):
        processes = {name: Held(200 * MIB, 30, 5) for name in PROCESSES}
        processes["worker"] = Held(900 * MIB + 12 * leak * index, 30, 5)
        found.samples.append(Sample(12 * index, processes, 5 * MIB))
    return found


def test_the_page_names_what_leaks():
    assert results(0).complaints == []
    assert "Nothing leaks." in page(results(0), "a machine")
    [complaint] = results(40_000).complaints
    assert complaint.startswith("worker rss grows")
    assert complaint in page(results(40_000), "a machine")
