"""What is kept of how a pass came about, of a worker that may be wrong."""

import math
from typing import Any

import msgspec
import pytest

from service.jobs.explanations import DOCUMENT, LAYERS_FILE, drawn, files_of
from service.jobs.orders import Upload, shade_order
from worker.wire.explained import Match, Segment
from worker.wire.messages import Explained, Shape, Submit

MATCH = Match((0.5, 1.0), (2.0, 1.0004999), (0.5, 1.0), 90.0, 1 / 3)
EXPLAINED = Explained(job="j", index=3, segments=[Segment(0, 1, 2, 1, 2)], matches=[MATCH])
LAYERS = bytes(12) + bytes(2) + b"\4\0\0\0\5\0\0\0"
PARAMS = shade_order(Upload(b"", None, "", [], None, 0.0), 10).params
SUBMIT = Submit(job="j", width=4, height=3, channels=3, budget_s=1, params=PARAMS)


def with_match(**changes: Any) -> Explained:
    matches = [msgspec.structs.replace(MATCH, **changes)]
    return msgspec.structs.replace(EXPLAINED, matches=matches)


def test_the_document_is_what_callers_see():
    submit = msgspec.structs.replace(SUBMIT, source=Shape(9, 8, 4))
    document = msgspec.json.decode(files_of(EXPLAINED, LAYERS, submit)[DOCUMENT])
    assert (document["pass"], document["width"], document["height"]) == (3, 4, 3)
    assert document["source"] == {"width": 9, "height": 8}
    assert document["matches"] == [
        {
            "from": {"x": 0.5, "y": 1.0},
            "to": {"x": 2.0, "y": 1.0},
            "beside": {"x": 0.5, "y": 1.0},
            "turn": 90.0,
            "distance": 0.333,
        }
    ]


def test_its_layers_are_drawn_from_the_two_files():
    files = files_of(EXPLAINED, LAYERS, SUBMIT)
    picture = drawn(files[DOCUMENT], files[LAYERS_FILE], "segments")
    assert picture.shape == (4, 3, 4)
    opaque = [place for place in range(12) if picture.pixels[4 * place + 3]]
    assert opaque == [4, 5]


@pytest.mark.parametrize(
    ("message", "layers"),
    [
        (EXPLAINED, LAYERS[:-1]),
        (EXPLAINED, LAYERS[:-4] + b"\x0c\0\0\0"),
        (with_match(to=(math.nan, 0.0)), LAYERS),
        (with_match(lent=(0.0, math.inf)), LAYERS),
        (with_match(distance=math.nan), LAYERS),
    ],
)
def test_what_cannot_be_is_not_kept(message: Explained, layers: bytes):
    with pytest.raises(ValueError, match=r"layers|beside|no number"):
        files_of(message, layers, SUBMIT)
