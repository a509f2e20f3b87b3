"""The gallery shows every field of a spec, and finds its sheets by name."""

import pytest

from benchmarks.gallery import album
from benchmarks.gallery.plans import PROJECT, chosen, plans, selected
from benchmarks.gallery.sweeps import ELSEWHERE, SWEEPS, PhaseSweep, Sweep, same
from worker.wire.config import ShadeConfig, read_shade_config
from worker.wire.phases import PhaseConfig

NAMES = [plan.name for plan in plans(PROJECT)]


def test_every_field_of_a_shade_spec_has_a_sheet():
    swept = {sweep.name for sweep in SWEEPS if not isinstance(sweep, PhaseSweep)}
    assert swept | set(ELSEWHERE) == set(ShadeConfig.__struct_fields__)
    assert swept.isdisjoint(ELSEWHERE)
    assert set(ELSEWHERE.values()) <= set(NAMES)


def test_every_value_of_a_phase_has_a_sheet():
    swept = {sweep.name for sweep in SWEEPS if isinstance(sweep, PhaseSweep)}
    assert swept == set(PhaseConfig.__struct_fields__)


@pytest.mark.parametrize("sweep", SWEEPS, ids=lambda sweep: sweep.name)
def test_swept_values_are_allowed_and_all_different(sweep: Sweep):
    read = [read_shade_config(sweep.spec(value)) for value in sweep.values]
    assert 2 <= len(set(read)) == len(sweep.values) <= 5


@pytest.mark.parametrize("sweep", SWEEPS, ids=lambda sweep: sweep.name)
def test_the_default_is_among_the_values_and_marked_once(sweep: Sweep):
    assert [same(sweep.spec(value), sweep.base) for value in sweep.values].count(True) == 1


def test_all_pictures_that_are_named_exist():
    made = album.own()
    used = {name for names in PROJECT.classes.values() for name in names}
    used |= {name for pairs in PROJECT.crosses.values() for pair in pairs for name in pair}
    used |= {name for names in PROJECT.table for name in names}
    used |= {name for pair in PROJECT.overlaps for name in pair if name}
    used |= {
        *PROJECT.some,
        *PROJECT.whole,
        *PROJECT.long,
        *(n for sweep in SWEEPS for n in sweep.pictures),
    }
    for shown in PROJECT.documents.values():
        used |= {name for names in shown for name in ([names] if isinstance(names, str) else names)}
    assert used <= set(made)


def test_sheets_have_names_of_their_own_that_suit_files():
    assert len(set(NAMES)) == len(NAMES)
    assert all(name.replace("-", "").replace("_", "").isalnum() for name in NAMES)


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_somebodys_own_pictures_get_the_same_sheets(names: list[str]):
    choice = chosen(names)
    assert all(target != source for target, source in choice.crosses.get("own", ()))
    assert {plan.name for plan in plans(choice)} >= {"sources", "overlap", "contours", "envelope"}


def test_sheets_are_selected_by_name_or_beginning():
    def names(*only: str) -> list[str]:
        return [plan.name for plan in selected(plans(PROJECT), only)]

    assert names() == NAMES
    assert names("sweep-percentile", "contours") == ["contours", "sweep-percentile"]
    assert names("cross") == [name for name in NAMES if name.startswith("cross-")] != []


def test_unknown_sheets_are_named():
    with pytest.raises(LookupError, match="crosses, sweep-per"):
        selected(plans(PROJECT), ["cross", "crosses", "sweep-per"])
