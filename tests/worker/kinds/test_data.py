"""Any computation of data as a run of the engine."""

import io
import json

import msgspec
import numpy as np
import pytest
import torch

from worker.graphs.packing import packed
from worker.graphs.reading import read_document
from worker.kinds.data import MOST_INLINE, DataRun, npz_arrays
from worker.wire.config import BadConfig
from worker.wire.jobs import KINDS
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


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_param_of_every_kind_is_described(kind: Kind):
    _, schemas = msgspec.json.schema_components([kind.params])
    for name, schema in schemas[kind.params.__name__]["properties"].items():
        described = [schema, *schema.get("anyOf", [])]
        assert any(each.get("description") for each in described), name
    with pytest.raises(BadConfig):
        kind.read({"unknown": 1})
