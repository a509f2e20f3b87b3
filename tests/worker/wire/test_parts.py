"""What jobs of data work on, as files."""

import io
import json

import numpy as np
import pytest

from worker.wire.jobs.parts import BadPart, NotJson, members, read_part


def saved(array: np.ndarray, *, as_npz: bool = False) -> bytes:
    file = io.BytesIO()
    np.savez(file, x=array) if as_npz else np.save(file, array)
    return file.getvalue()


def test_a_matrix_comes_in_three_forms():
    x = np.arange(6.0).reshape(2, 3)
    for data in (saved(x), saved(x, as_npz=True), json.dumps(x.tolist()).encode()):
        read = read_part("matrix", data)
        assert read.arrays[""].tolist() == x.tolist()
        assert read.facts == {"rows": 2, "columns": 3}
    assert np.isnan(read_part("matrix", b"[[null, 1]]").arrays[""][0, 0])


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"[]", ""),
        (b"[[]]", ""),
        (b"[[1], [2, 3]]", "[1]"),
        (b'[["a"]]', "[0][0]"),
        (b"null", ""),
        (b"[[1, 2], [3, 1e39]]", "[1][1]"),
        (saved(np.array([[-1e300, 1]])), "[0][0]"),
        (saved(np.ones((1, 1), np.longdouble)), ""),
        (b"PK", "graph"),
        (b"\x93NUMPY", ""),
        (saved(np.array([{}], object)), ""),
        (saved(np.zeros(3)), ""),
        (saved(np.zeros((2, 2)))[:-1], ""),
    ],
)
def test_what_is_no_matrix_is_refused(data: bytes, field: str):
    with pytest.raises(BadPart) as caught:
        read_part("matrix", data)
    assert caught.value.field == field


def test_a_matrix_may_be_saved_by_columns():
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert read_part("matrix", saved(x)).arrays[""].tolist() == x.tolist()
    assert np.isnan(read_part("matrix", saved(np.array([[np.nan, np.inf]]))).arrays[""][0, 0])


def test_members_of_an_object_are_where_they_are_said_to_be():
    text = b' {"kind": "rankk", "x": [[1, 2]], "e":{}, "n" : null } '
    found = {name: text[begin:end] for name, begin, end in members(text)}
    assert found == {"kind": b'"rankk"', "x": b"[[1, 2]]", "e": b"{}", "n": b"null"}
    assert members(b"{}") == []
    with pytest.raises(NotJson):
        members(b"{")
    for other in (b"[]", b"1", b'"a"'):
        with pytest.raises(BadPart):
            members(other)


@pytest.mark.parametrize(
    "text",
    [
        b'{"kind": "rankk", "x": [[1, 2]],"kind":"other"}',
        b'{"kind": 0, "kind": {"a": 1}}',
        b'{"\\u006bind": "rankk", "kind": "rankk"}',
        b'{"x": ' + b"[" * 500 + b"]" * 500 + b', "x": 1}',
        b'{"x": [' + b"1," * 1_000_000 + b'1], "x": 1}',
    ],
)
def test_a_member_is_given_once(text: bytes):
    with pytest.raises(BadPart, match="twice"):
        members(text)


def test_so_many_members_are_none_of_ours():
    text = b"{" + b",".join(b'"%d":1' % each for each in range(200_000)) + b"}"
    with pytest.raises(BadPart, match="members"):
        members(text)
