from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from worker.refusals import refusal


class Item(msgspec.Struct, forbid_unknown_fields=True):
    side: Literal["left", "right"]
    sizes: list[Annotated[int, Meta(ge=1, lt=2_000_000)]] = []
    share: Annotated[float, Meta(gt=0, le=0.5)] | None = None
    pair: tuple[float, float] = (0, 0)
    whole: bool = False
    names: dict[Annotated[str, Meta(pattern=r"\A[a-z]+\Z")], int] = {}
    inner: "Item | None" = None


@pytest.mark.parametrize(
    ("body", "place", "message"),
    [
        (b"[]", "", "must be an object, not a list"),
        (b"{}", ".side", "is missing"),
        (b'{"side": "up"}', ".side", "must be one of left, right, not 'up'"),
        (b'{"inner": {"side": "up"}}', ".inner.side", "must be one of left, right, not 'up'"),
        (b'{"size": 1}', ".size", "is not known; there are side, sizes"),
        (b'{"inner": {"side": "left", "x": 1}}', ".inner.x", "is not known; there are side"),
        (b'{"sizes": [1, 0]}', ".sizes[1]", "must be at least 1"),
        (b'{"sizes": [2000000]}', ".sizes[0]", "must be at most 1999999"),
        (b'{"sizes": [1, 2, 1.5]}', ".sizes[2]", "must be a whole number, not a number"),
        (b'{"share": 0}', ".share", "must be above 0"),
        (b'{"share": 0.6}', ".share", "must be at most 0.5"),
        (b'{"share": "a"}', ".share", "must be a number or null, not text"),
        (b'{"share": 1e999}', ".share", "cannot be taken: Number out of range"),
        (b'{"pair": [1, 2, 3]}', ".pair", "must have 2 items"),
        (b'{"whole": null}', ".whole", "must be true or false, not null"),
        (b'{"names": {"A": 1}}', ".names", "a name in it must match [a-z]+"),
    ],
)
def test_what_is_wrong_is_said_in_words(body: bytes, place: str, message: str):
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(body, type=Item)
    found = refusal(caught.value, Item)
    assert found.place == place
    assert found.message.startswith(message)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ([], Annotated[tuple[int, ...], Meta(min_length=1)], "must have at least 1 items"),
        ([1, 2], Annotated[tuple[int, ...], Meta(max_length=1)], "must have at most 1 items"),
        ([1], tuple[int, int], "must have 2 items, not 1"),
        (6, Literal[4, 8] | None, "must be one of 4, 8, not 6"),
        ("x", int, "must be a whole number, not text"),
    ],
)
def test_of_a_single_value(value: object, kind: Any, message: str):
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, kind)
    assert refusal(caught.value, kind) == ("", message)
