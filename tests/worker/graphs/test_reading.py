import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from tests.worker.graphs.oracles import path
from worker.graphs import archive
from worker.graphs.errors import BadGraph
from worker.graphs.reading import GraphFile, read_document, read_json, read_npz


def document(src: object, dst: object, n: object = 3, **more: object) -> bytes:
    edges = {"src": src, "dst": dst, **({"w": more.pop("w")} if "w" in more else {})}
    return json.dumps({"format": "itten.graph/1", "n": n, "edges": edges, **more}).encode()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def entries(file: GraphFile) -> list[tuple[int, int, float]]:
    graph = file.graph
    rows, cols = graph.rows().tolist(), graph.col.tolist()
    return list(zip(rows, cols, graph.w.tolist(), strict=True))


def test_edges_with_weights_are_summed():
    file = read_json(document([0, 1, 1, 2], [1, 0, 2, 2], w=[1, 2.5, 0.5, 9]))
    assert entries(file) == [(0, 1, 3.5), (1, 0, 3.5), (1, 2, 0.5), (2, 1, 0.5)]
    assert (file.dropped_self_loops, file.dropped_zero_weights) == (1, 0)


def test_edges_without_weights_are_one():
    file = read_json(document([0, 1, 1, 0], [1, 0, 2, 1]))
    assert entries(file) == [(0, 1, 1), (1, 0, 1), (1, 2, 1), (2, 1, 1)]


def test_both_directions():
    file = read_json(document([0, 1, 0, 2], [1, 0, 2, 0], w=[1, 1, 2, 2 + 1e-6], symmetric="both"))
    assert [entry[:2] for entry in entries(file)] == [(0, 1), (0, 2), (1, 0), (2, 0)]
    assert file.graph.w[1] == file.graph.w[3] == np.float32(2 + 5e-7)
    plain = read_json(document([0, 1, 1], [1, 0, 0], symmetric="both"))
    assert entries(plain) == [(0, 1, 1), (1, 0, 1)]


def test_edges_of_weight_zero_are_none():
    file = read_json(document([0, 1], [1, 2], w=[0, 1]))
    assert entries(file) == [(1, 2, 1), (2, 1, 1)]
    assert file.dropped_zero_weights == 1


def test_what_comes_with_a_graph():
    file = read_json(
        document(
            [0],
            [1],
            coords=[[0, 0], [1, 0], [2, 3]],
            labels=["a", 2, "c"],
            attrs={"vf": [0, 0.5, 1]},
        )
    )
    assert file.coords is not None
    assert file.coords.tolist() == [[0, 0], [1, 0], [2, 3]]
    assert file.labels == ["a", "2", "c"]
    assert file.attrs["vf"].tolist() == [0, 0.5, 1]
    assert file.graph.crow.tolist() == [0, 1, 2, 2]


def test_the_same_graph_in_every_form():
    forms = [
        read_json(document([0, 1], [1, 2])),
        read_document({"generator": "square", "params": {"rows": 1, "cols": 3}}),
        read_npz(npz(n=3, src=[0, 2], dst=[1, 1])),
        read_npz(npz(n=np.array([3]), src=np.array([0, 2], np.uint8), dst=[1, 1], w=[1.0, 1.0])),
        read_npz(npz(indptr=[0, 1, 3, 4], indices=[1, 0, 2, 1])),
        read_npz(npz(indptr=[0, 1, 3, 4], indices=[1, 2, 0, 1], data=np.ones(4, np.float16))),
    ]
    assert len({file.graph.sha256() for file in forms}) == 1
    assert path(4).sha256() != path(3).sha256()


def test_an_npz_with_more():
    file = read_npz(npz(n=2, src=[0], dst=[1], coords=np.eye(2), attr_epi=[1, 2]))
    assert file.coords is not None
    assert file.coords.tolist() == [[1, 0], [0, 1]]
    assert file.attrs["epi"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "graph"),
        (b"{", "graph"),
        (b"\xff", "graph"),
        (b"[" * 100_000, "graph"),
        (b"7", "graph"),
        (b"{}", "n"),
        (b'{"n": 3}', "edges"),
        (b'{"n": 3, "nodes": []}', "nodes"),
        (b'{"format": "gml", "n": 3}', "format"),
        (b'{"generator": "torus"}', "generator"),
        (b'{"generator": "hex", "params": {"rows": 2, "cols": 2}, "n": 4}', "n"),
        (document([0], [1], params={"rows": 2}), "params"),
        (document([0], [1], n=0), "n"),
        (document([0], [1], n=2_000_001), "n"),
        (document([0], [1], n="3"), "n"),
        (document([0, 1, 3], [1, 2, 0]), "edges.src[2]"),
        (document([0, 1, 2], [1, -1, -2]), "edges.dst[1]"),
        (document([0, 1.5], [1, 2]), "edges.src[1]"),
        (document([0, 1], [1, None]), "edges.dst[1]"),
        (document([0, 1], [1, True]), "edges.dst[1]"),
        (document([0, 1], [1, 10**30]), "edges.dst[1]"),
        (document([0, 1], [1]), "edges.dst"),
        (document([0, 1], [1, 2], w=[1]), "edges.w"),
        (document([0, 1, 1], [1, 2, 0], w=[1, -1, -2]), "edges.w[1]"),
        (document([0, 1], [1, 2], w=[1, 1e-40]), "edges.w[1]"),
        (document([0, 1], [1, 2], w=[1, 1e31]), "edges.w[1]"),
        (b'{"n":3,"edges":{"src":[0],"dst":[1],"w":[1e999]}}', "edges.w[0]"),
        (b'{"n":3,"edges":{"src":[0],"dst":[1],"w":[NaN]}}', "graph"),
        (document([0, 1, 1], [1, 0, 2], symmetric="both"), "edges.dst[2]"),
        (document([0, 2, 1, 2], [1, 1, 0, 1], w=[1, 1, 2, 1], symmetric="both"), "edges.dst[0]"),
        (document([0], [1], symmetric="lower"), "symmetric"),
        (document([0], [1], coords=[[0, 0]]), "coords"),
        (document([0], [1], coords=[[0, 0], [0], [1, 1]]), "coords[1]"),
        (document([0], [1], labels=["a"]), "labels"),
        (document([0], [1], attrs={"x": [1]}), "attrs.x"),
        (document([0], [1], attrs={"../x": [1, 2, 3]}), "attrs"),
    ],
)
def test_the_first_offender_is_named(body: bytes, field: str):
    with pytest.raises(BadGraph) as caught:
        read_json(body)
    assert caught.value.field.split("[...]")[0] == field
    assert len(str(caught.value)) < 300


def test_coordinates_may_be_saved_by_columns():
    coords = np.array([[0, 1, 2], [5, 6, 7]]).T
    assert coords.flags.f_contiguous
    assert not coords.flags.c_contiguous
    file = read_npz(npz(n=3, src=[0], dst=[1], coords=coords))
    assert file.coords is not None
    assert file.coords.tolist() == [[0, 5], [1, 6], [2, 7]]


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_what_scipy_saves_is_a_graph(form: str):
    W = scipy.sparse.coo_array(([1, 1, 2, 2], ([0, 1, 1, 2], [1, 0, 2, 1])), shape=(3, 3))
    file = io.BytesIO()
    scipy.sparse.save_npz(file, W.asformat(form))
    assert entries(read_npz(file.getvalue())) == [(0, 1, 1), (1, 0, 1), (1, 2, 2), (2, 1, 2)]


def stored(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


HEADER = b"\x93NUMPY\x01\x00"


def header(text: str) -> bytes:
    return HEADER + len(text).to_bytes(2, "little") + text.encode()


def shaped(shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}}}"
    return header(text.ljust(600) + "\n") + bytes(8)[: 8 * (0 not in shape)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "graph"),
        (b"PK\x03\x04" + bytes(100), "graph"),
        (npz(n=3, src=[0], dst=[1])[:-30], "graph"),
        (npz(src=[0], dst=[1]), "n"),
        (npz(n=3, src=[0]), "dst"),
        (npz(n=3.0, src=[0], dst=[1]), "n"),
        (npz(n=[3, 3], src=[0], dst=[1]), "n"),
        (npz(n=10**9, src=[0], dst=[1]), "n"),
        (npz(n=3, src=[0.0], dst=[1]), "src"),
        (npz(n=3, src=[[0]], dst=[1]), "src"),
        (npz(n=3, src=[0, 5], dst=[1, 1]), "src[1]"),
        (npz(n=3, src=[0], dst=[1], w=[np.nan]), "w[0]"),
        (npz(n=3, src=[0], dst=[1], data=[1]), "data"),
        (npz(n=3, src=[0], dst=[1], extra=[1]), "extra"),
        (npz(n=3, src=np.array(["0"]), dst=[1]), "src"),
        (npz(n=3, src=np.array([{}], object), dst=[1]), "src"),
        (npz(indptr=[0, 1, 2], indices=[1, 0], src=[0]), "src"),
        (npz(indptr=[1, 1, 2], indices=[1, 0]), "indptr[0]"),
        (npz(indptr=[0, 2, 1], indices=[1]), "indptr[2]"),
        (npz(indptr=[0, 1, 2], indices=[1, 0, 0]), "indptr[2]"),
        (npz(indptr=[0, 1, 2], indices=[1, 7]), "indices[1]"),
        (npz(indptr=[0, 1, 1], indices=[1]), "indices[0]"),
        (npz(n=3, indptr=[0, 1, 2], indices=[1, 0]), "n"),
        (npz(indptr=np.zeros(0, int), indices=[1, 0]), "n"),
        (npz(n=2, src=[0], dst=[1], coords=[[0, np.nan], [1, 1]]), "coords[0]"),
        (npz(n=2, src=[0], dst=[1], coords=np.zeros((2, 3))), "coords"),
        (npz(n=2, src=[0], dst=[1], attr_x=[[0], [1]]), "attrs.x"),
        (npz(n=2, src=[0], dst=[1], **{"attr_../x": [0, 1]}), "attr_../x"),
        (npz(n=2, src=[0], dst=[1], attr_=[0, 1]), "attr_"),
        (npz(n=2, src=[0], dst=[1], coords=np.ones((2, 2), np.longdouble)), "coords"),
        (stored("coords.npy", shaped((1,) * 100)), "coords"),
        (stored("coords.npy", shaped((0, 2**63))), "coords"),
        (stored("coords.npy", shaped((-1, -8))), "coords"),
        (stored("src.npy", b"no array"), "src"),
        (
            stored(
                "src.npy",
                header("{'descr': '<i8', 'fortran_order': False, 'shape': (9999999999,)}\n"),
            ),
            "src",
        ),
        (
            stored("src.npy", header("{'descr': '<i8', 'fortran_order': False, 'shape': (-1,)}\n")),
            "src",
        ),
        (stored("src.npy", header("__import__('os')\n")), "src"),
    ],
)
def test_a_bad_npz_is_refused_by_name(body: bytes, field: str):
    with pytest.raises(BadGraph) as caught:
        read_npz(body)
    assert caught.value.field == field


def test_an_npz_that_unfolds_to_too_much_is_not_unfolded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 20)
    file = io.BytesIO()
    np.savez_compressed(file, n=2, src=np.zeros(1 << 17, np.int64), dst=[1])
    assert len(file.getvalue()) < 4000
    with pytest.raises(BadGraph, match="more than 1 MiB"):
        read_npz(file.getvalue())
