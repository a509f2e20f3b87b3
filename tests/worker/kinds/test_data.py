"""Any computation of data as a run of the engine."""

import hashlib
import io
import json
import re

import msgspec
import numpy as np
import pytest
import torch

from worker.graphs.packing import packed
from worker.graphs.reading import read_document
from worker.kinds.data import DataRun, npz_arrays
from worker.runs import Alone
from worker.turns import LONG_S
from worker.wire.config import BadConfig
from worker.wire.jobs import KINDS
from worker.wire.jobs.answers import MOST_INLINE
from worker.wire.jobs.kind import Kind
from worker.wire.messages import Finished, Patch, Submit
from worker.wire.params import DataParams

CPU = torch.device("cpu")


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def run_of(kind: str, values: dict[str, object], data: bytes, work: bytes = b"") -> DataRun:
    params = DataParams(kind=kind, values=values)
    submit = Submit(
        job="j", width=0, height=0, channels=0, budget_s=1, params=params,
        arrays_bytes=len(data), work_bytes=len(work), keep_work=True,
    )  # fmt: skip
    return DataRun(submit, params, data + work, CPU)


def grid(rows: int, cols: int) -> bytes:
    file = read_document({"generator": "square", "params": {"rows": rows, "cols": cols}})
    return npz(**{f"graph.{name}": each for name, each in packed(file).items()})


def concluded(run: DataRun) -> tuple[Finished, dict[str, object], dict[str, np.ndarray]]:
    *_, (finished, payload) = run.conclude(1.0)
    assert isinstance(finished, Finished)
    return finished, json.loads(payload), dict(filter(None, run.arrays()))


def to_its_end(run: DataRun) -> DataRun:
    while run.forecast(1.0).offer is not None:
        run.step()
    return run


def test_before_the_first_step_every_value_is_null():
    finished, document, arrays = concluded(run_of("graph.expand", {}, grid(4, 5)))
    assert (finished.state, finished.tiles_done, finished.tiles_total) == ("partial", 0, 20)
    assert document["lambda2"] == [None] * 20
    assert set(arrays) == {f"result.{name}" for name in finished.named}


def test_a_run_that_goes_on_comes_to_the_same_bytes():
    data, values = grid(40, 40), {"radius": 3}
    once = concluded(to_its_end(run_of("graph.expand", values, data)))
    first = run_of("graph.expand", values, data)
    while not 0 < concluded(first)[0].tiles_done < 1600:
        first.step()
    work = first.checkpoint(last=True)
    assert work is not None
    left = npz(**work.arrays)
    assert set(npz_arrays(memoryview(left))) == set(work.arrays)
    second = run_of("graph.expand", values, data, left)
    assert concluded(second)[0].tiles_done == concluded(first)[0].tiles_done
    again = concluded(to_its_end(second))
    assert again[1] == once[1]
    for name, each in once[2].items():
        assert again[2][name].tobytes() == each.tobytes()


@pytest.mark.parametrize("kind", ["graph.expand", "graph.fiedler"])
def test_an_answer_says_of_which_graph_it_is(kind: str):
    data = grid(20, 20)
    whole = to_its_end(run_of(kind, {}, data))
    document = concluded(whole)[1]
    arrays = npz_arrays(memoryview(data))
    parts = [np.array([400]), arrays["graph.crow"].astype("<i8"), arrays["graph.col"].astype("<i8")]
    ones = np.ones(len(parts[2]), "<f4")
    expected = hashlib.sha256(b"".join(each.tobytes() for each in (*parts, ones)))
    assert document["graph_sha256"] == expected.hexdigest()
    part = run_of(kind, {}, grid(100, 120))
    for _ in range(9 if kind == "graph.fiedler" else 2):
        part.step()
    names = whole._computation.work().keys() | part._computation.work().keys()
    assert all(re.fullmatch(r"[a-z0-9_.-]{1,75}", name) for name in names)  # a service keeps these
    left = npz(**whole._computation.work())
    same, other = (run_of(kind, {}, each, left) for each in (data, grid(25, 16)))
    assert concluded(same)[0].tiles_done == concluded(whole)[0].tiles_done
    assert concluded(other)[0].tiles_done == 0


def test_pairs_that_go_on_come_to_the_same_bytes():
    data, values = grid(50, 60), {"k": 3}
    once = concluded(to_its_end(run_of("graph.fiedler", values, data)))
    run = run_of("graph.fiedler", values, data)
    while run.forecast(1.0).offer is not None:
        for _ in range(10):
            if run.forecast(1.0).offer is not None:
                run.step()
        if (work := run.checkpoint(last=True)) is not None:
            run = run_of("graph.fiedler", values, data, npz(**work.arrays))
    again = concluded(run)
    assert again[1] == once[1]
    assert again[2]["result.vectors"].tobytes() == once[2]["result.vectors"].tobytes()


SMALL_EGG = {"layers": 1, "relief_size": 64, "size": 48}


def test_an_egg_of_lattices_that_goes_on_shows_what_it_did_and_comes_to_the_same_bytes():
    egg = SMALL_EGG | {"relief_size": 96, "size": 500}
    once = concluded(to_its_end(run_of("lattice.egg", egg, npz())))
    run, jobs = run_of("lattice.egg", egg, npz()), 0
    while run.forecast(1.0).offer is not None:
        for _ in range(5):  # of the relief's parts one is kept when it is whole
            if run.forecast(1.0).offer is not None:
                run.step()
        before = concluded(run)
        if (work := run.checkpoint(last=True)) is not None:
            run, jobs = run_of("lattice.egg", egg, npz(), npz(**work.arrays)), jobs + 1
            after = concluded(run)
            assert after[0].tiles_done == before[0].tiles_done
            assert_same_arrays(after[2], before[2])
    assert jobs > 1
    again = concluded(run)
    assert again[1] == once[1]
    assert_same_arrays(again[2], once[2])


def assert_same_arrays(mine: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    assert {name: each.tobytes() for name, each in mine.items()} == {
        name: each.tobytes() for name, each in theirs.items()
    }


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("relief.bumps", np.zeros((9, 9), np.float32)),
        ("relief.bumps", np.full((64, 64), np.nan, np.float32)),
        ("relief.hits", np.zeros((64, 64))),
        ("relief.nearest", np.full((64, 64), 10**9)),
        ("relief.nearest", np.full((64, 64), -1)),
        ("relief.other", np.zeros((64, 64), np.float32)),
        ("rows", np.zeros((3, 9, 9), np.float32)),
        ("rows", np.zeros((3, 4, 48))),
        ("rows", np.full((3, 4, 48), np.inf, np.float32)),
    ],
)
def test_what_is_left_of_another_egg_is_refused(name: str, array: np.ndarray):
    kind = KINDS["lattice.egg"]
    whole = kind.begin(kind.read(SMALL_EGG), {}, CPU)
    while not whole.finished:
        whole.step()
    part = kind.begin(kind.read(SMALL_EGG), {}, CPU)
    part.restore(whole.work())
    assert part.finished
    with pytest.raises(ValueError, match=r"no part|cannot be|not "):
        kind.begin(kind.read(SMALL_EGG), {}, CPU).restore({**whole.work(), name: array})


def test_pairs_take_time_to_conclude_once_there_are_some():
    run = run_of("graph.fiedler", {}, grid(90, 90))
    before = run.forecast(1.0).conclude_s
    while not concluded(run)[1]["lambda2"]:
        assert run.forecast(1.0).conclude_s == before
        run.step()
    assert run.forecast(1.0).conclude_s > before


def test_a_step_over_a_large_graph_is_one_that_can_be_interrupted():
    offer = run_of("graph.fiedler", {}, grid(450, 400)).forecast(1.0).offer
    assert isinstance(offer, Alone)
    assert offer.seconds > LONG_S  # by its size: nothing was measured yet


def test_work_of_something_else_is_begun_anew():
    other = run_of("graph.expand", {}, grid(4, 5), npz(done=np.zeros(9, np.uint8)))
    assert concluded(other)[0].tiles_done == 0
    assert concluded(run_of("graph.expand", {}, grid(4, 5), b"no zip"))[0].tiles_done == 0


def test_patches_tell_of_every_node_once():
    run = run_of("graph.expand", {}, grid(30, 30))
    told = []
    while run.forecast(1.0).offer is not None:
        told += [message for message, _ in run.step()]
    told += [message for message, _ in run.conclude(1.0)]
    patches = [message for message in told if isinstance(message, Patch)]
    places = [place for patch in patches for place in patch.index]
    assert sorted(places) == list(range(900))
    assert [patch.done for patch in patches] == sorted(patch.done for patch in patches)
    assert all(len(patch.values["lambda2"]) == len(patch.index) for patch in patches if patch.index)


def test_large_answers_and_pictures_are_linked():
    x = np.zeros((MOST_INLINE, 1), np.float32)
    finished, document, _ = concluded(to_its_end(run_of("rankk", {}, npz(x=x))))
    assert finished.linked == ["values", "indices"]
    assert set(document) == {"done", "total"}
    finished, document, _ = concluded(to_its_end(run_of("render.egg", {"size": 16}, npz())))
    assert finished.linked == ["picture"]


def test_a_row_that_takes_too_long_to_sort_is_refused():
    kind = KINDS["rankk"]
    (error,) = kind.check(kind.read({}), {"rows": 1, "columns": (1 << 20) + 1})
    assert error[0] == "x"
    assert not list(kind.check(kind.read({}), {"rows": 16, "columns": 1 << 20}))


def test_a_long_strip_needs_no_square_of_its_length():
    kind = KINDS["texture.synth"]
    strip = np.zeros((2, 60_000, 3), np.uint8)  # whose built-in operand would take 28 GB
    made = kind.begin(kind.read({}), {"carrier": strip}, CPU)
    assert made._operand.shape == (2, 60_000)
    for pixels in (255, 512 * 512 + 1):
        ((field, _),) = kind.check(kind.read({}), {"carrier_pixels": pixels})
        assert field == "carrier"


def test_no_lattice_and_no_path_outgrows_the_memory():
    extrude, nodes = KINDS["lattice.extrude"], {"nodes": 1_000_000, "coordinates": 1}
    assert not list(extrude.check(extrude.read({}), nodes))
    ((field, message),) = extrude.check(extrude.read({"max_layers": 6}), nodes)
    assert (field, message[-1]) == ("params.max_layers", "5")
    assert not list(KINDS["lattice.build"].check(KINDS["lattice.build"].read({}), nodes))
    path, queries = KINDS["graph.path"], [[0, 1]] * 201
    for method in ("harmonic", "dijkstra"):
        asked = path.read({"queries": queries, "method": method})
        ((field, _),) = path.check(asked, {"nodes": 100_000, "coordinates": 1})
        assert field == "params.queries"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("lattice.extrude", {"max_layers": 9}),
        ("graph.path", {"queries": [[0, 399]], "method": "dijkstra"}),
    ],
)
def test_time_is_kept_for_the_end_before_it_is_there(kind: str, values: dict[str, object]):
    run = run_of(kind, values, grid(20, 20))
    before = run.forecast(1.0).conclude_s
    last = before
    while (forecast := run.forecast(1.0)).offer is not None:
        last = forecast.conclude_s
        run.step()
    assert last > before if kind == "lattice.extrude" else run.forecast(1.0).conclude_s > before


def test_a_larger_egg_is_given_more_time():
    kind = KINDS["texture.synth"]
    small, large = (kind.begin(kind.read({"egg_size": side}), {}, CPU) for side in (256, 1024))
    assert small.closing_s() == large.closing_s() == 0
    for each in (small, large):
        while each.closing_s() == 0:
            each.step()
    assert large.closing_s() > 10 * small.closing_s()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_param_of_every_kind_is_described(kind: Kind):
    _, schemas = msgspec.json.schema_components([kind.params])
    for name, schema in schemas[kind.params.__name__]["properties"].items():
        described = [schema, *schema.get("anyOf", [])]
        assert any(each.get("description") for each in described), name
    with pytest.raises(BadConfig):
        kind.read({"unknown": 1})
