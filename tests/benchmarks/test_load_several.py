"""Several workers by simulation, and the page that is made of it."""

from pathlib import Path
from string import Template

import msgspec
import pytest

from benchmarks.load import beyond, several
from benchmarks.load.arrivals import requests
from benchmarks.load.costs import Costs
from benchmarks.load.several import InTurn, found
from benchmarks.load.simulate import Simulation
from benchmarks.load.traffic import Moved, Traffic
from tests.benchmarks.load_samples import costs, request


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(several, "SECONDS", 30.0)


def whole() -> Costs:
    """Of every side in the mix."""
    known = costs(2)
    largest = known.sides[1024]
    sides = known.sides | {side: largest.times((side / 1024) ** 2) for side in (2048, 4096)}
    return Costs(sides, known.sources, known.hello, known.cores)


def test_decoding_slows_a_worker_on_the_same_cores_and_none_apart():
    plan = [request(number, 0.02 * number, side=512, passes=1) for number in range(4)]
    both = (Simulation(costs(2), apart=apart).run(plan) for apart in (False, True))
    beside, apart = (sum(each.answer_s or 0 for each in outcomes) for outcomes in both)
    assert apart < beside


def test_jobs_that_come_together_are_done_side_by_side():
    plan = [request(number, 0.001 * number, side=512) for number in range(4)]
    [alone] = Simulation(costs(), 4, apart=True).run(plan[:1])
    for each in Simulation(costs(), 4, apart=True).run(plan):
        assert each.answer_s == pytest.approx(alone.answer_s, rel=0.1)


def test_everybody_has_an_end_and_no_place_is_left():
    simulation = Simulation(costs(2), 3, apart=True)
    plan = requests(2, 6 * costs().capacity(1024), 30, most_side=1024)
    outcomes = simulation.run(plan)
    assert [each.request for each in outcomes] == plan
    assert not simulation.admission.places
    assert all(device.busy_s > 10 for device in simulation.devices.values())
    assert not any(len(device.scheduler) for device in simulation.devices.values())


def test_four_workers_do_four_times_as_much_and_are_idle_beside_a_queue_less_than_in_turn():
    known, rate = whole(), whole().capacity(4096)
    one, four = (found(known, workers, workers * rate) for workers in (1, 4))
    turns = found(known, 4, 4 * rate, InTurn)
    assert four.figures.share("refused") <= one.figures.share("refused") + 0.05
    assert one.beside == 0 < four.beside < turns.beside
    assert max(four.uses) - min(four.uses) < max(turns.uses) - min(turns.uses) + 0.1
    assert four.service > one.service


def test_every_place_of_the_page_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    moved = Moved(1e6, 2e6, 3e6, 9e6, 4e6, 3e6, 5e6, 0.01, 0.02, 0.03)
    for name, value in (
        ("FILE", whole()),
        ("TRAFFIC", Traffic({256: moved, 2048: moved}, moved, 0.01)),
    ):
        file = tmp_path / name
        file.write_bytes(msgspec.json.encode(value))
        monkeypatch.setattr(beyond, name, file)
    monkeypatch.setattr(beyond, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(beyond, "MANY", 3)
    monkeypatch.setattr(several, "SECONDS", 8.0)
    assert beyond.main(["--write"]) == 0
    text = (tmp_path / "page.md").read_text()
    assert set(Template(beyond.TEMPLATE.read_text()).get_identifiers())
    assert "$" not in text
    assert "3 in turn" in text
