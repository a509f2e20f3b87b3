"""The load benchmark's tables, page, JSON and plot say what was found."""

import json
from pathlib import Path
from string import Template

import pytest

from benchmarks.load.metrics import parse
from benchmarks.load.outcome import Outcome
from benchmarks.load.processes import Use, descendants, use
from benchmarks.load.report import TEMPLATE, page, seconds, tables
from benchmarks.load.results import Load, Results, as_json
from benchmarks.load.scenes import Behind, Throughput
from benchmarks.load.watch import Sample, Watch
from tests.benchmarks.load_samples import costs, outcome

DELAYS = 'itten_event_loop_delay_seconds_bucket{{le="0.01"}} {}\n'
DEVICE = 'itten_device_seconds_total{{part="field"}} {}\n'
ENDS = [outcome("complete", 1.0), outcome("partial", 5.1), outcome("refused", 0.1)]


def watch() -> Watch:
    samples = [Sample(t, *[Use(cpu_s=t / 2, rss=200 << 20)] * 4) for t in (0.0, 10.0)]
    before, after = (parse(DELAYS.format(n) + DEVICE.format(n)) for n in (1, 9))
    return Watch(samples, alive_s=[0.004], behind_s=[0.001], before=before, after=after)


def results(simulated: list[Outcome] = ENDS) -> Results:
    loads = [Load(times, times / 2, ENDS, simulated, watch()) for times in (1.0, 2.0)]
    throughput = [Throughput(1, 1000, 4.0, 8.0), Throughput(16, 1000, 4.0, 8.0)]
    return Results("a machine", 1, 10.0, costs(), 0.5, loads, throughput, Behind(0.2, [0.3, 0.5]))


def test_every_place_of_the_page_is_filled():
    names = set(Template(TEMPLATE.read_text()).get_identifiers())
    assert set(tables(results())) < names
    assert "$" not in page(results())


def test_tables_have_a_column_for_each_load():
    answers = tables(results())["answers"].splitlines()
    assert answers[0] == "| times the capacity | 1 | 2 |"
    assert "| complete | 33.3 % | 33.3 % |" in answers
    assert "| later than deadline + 0.3 s | 0 | 0 |" in answers


def test_use_is_counted_between_the_first_and_the_last_look():
    use_of = tables(results())["machine_use"]
    assert "| device given to jobs that ended | 80.0 % | 80.0 % |" in use_of
    assert "| cores: worker | 0.50 | 0.50 |" in use_of
    assert "| event loop late, 99 % | 10 ms | 10 ms |" in use_of


def test_a_worker_that_was_replaced_is_told():
    at = [(0.0, 10.0, 7), (1.0, 10.5, 7), (2.0, 0.2, 9), (4.0, 1.7, 9)]
    seen = [Sample(t, Use(), Use(cpu_s=cpu), Use(), Use(), pid) for t, cpu, pid in at]
    assert Watch(seen).restarts == 1
    assert Watch(seen).cores("worker") == pytest.approx(2.0 / 4)


def test_the_worst_small_request_is_compared_with_one_alone():
    assert "2.50 times" in tables(results())["scenes"]


def test_a_simulation_that_agrees_is_off_by_nothing():
    assert results().difference == 0
    assert results([outcome("complete", 1.0)] * 3).difference > 0.2


def test_json_has_everything_of_each_request():
    known = json.loads(as_json(results()))
    assert known["loads"][0]["measured"][1]["end"] == "partial"
    assert known["loads"][0]["watch"]["cores"]["worker"] == 0.5


def test_the_plot_is_a_picture(tmp_path: Path):
    pytest.importorskip("matplotlib")
    from benchmarks.load.plots import draw

    draw(results(), tmp_path / "load.png")
    assert (tmp_path / "load.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "12 ms"), (-0.5, "-0.50 s"), (None, "-"), (float("nan"), "-")]
)
def test_seconds_are_short(value: float | None, text: str):
    assert seconds(value) == text


def test_a_process_that_has_ended_uses_nothing():
    assert use([2**22 + 1]) == Use()
    assert descendants(2**22 + 1) == []
