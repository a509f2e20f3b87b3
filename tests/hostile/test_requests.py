"""What callers send, read in this process: headers, forms, specs."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from quart import Request
from werkzeug.datastructures import Headers

from service.http.quart_guards import GuardedQuart
from service.jobs.orders import Order, Upload, field_order, order_of_kind, shade_order
from service.problems import Problem
from service.spec.specs import ShadeSpec
from service.web.negotiation import IMAGES, JSON, choose
from service.web.origins import check_origin
from service.web.preferences import preferences
from service.web.uploads import read_upload
from tests.hostile.strategies import cuts, damaged, pieces, quickly, thoroughly

APP = GuardedQuart(__name__)
TOKENS = (
    *(b"--XX", b"--XX--", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"--", b" ", b"\t", b"\0", b"\xff"),
    *(b"Content-Disposition: form-data", b"content-disposition:", b'; name="target"', b"; name="),
    *(b'; filename="a.png"', b"; filename*=utf-8''%ff", b"; filename*0=a", b'; name="spec"', b'"'),
    *(b"Content-Type: text/plain; charset=utf-16", b"Content-Length: -1", b": ", b";", b"{}", b"x"),
)
FORM = (
    b'--XX\r\nContent-Disposition: form-data; name="target"; filename="a.png"\r\n\r\npixels\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="spec"\r\n\r\n{"passes": 2}\r\n--XX--\r\n'
)
KINDS = ("multipart/form-data; boundary=XX", "multipart/form-data", "image/png", "application/json")

tokens = st.lists(st.sampled_from(TOKENS), max_size=20).map(b"".join)
sent = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30)
words = sent | st.sampled_from(("=", ",", ";", '"', " ", "wait=", "q=", "[", "*"))
runs = st.builds(lambda word, count: word * count, words, st.integers(0, 3000))
headers = st.lists(words | runs, max_size=8).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
names = st.sampled_from((*ShadeSpec.model_fields, "kind", "spec")) | st.text(max_size=8)
specs = st.dictionaries(names, values, max_size=4).map(lambda spec: json.dumps(spec).encode())


@thoroughly
@given(body=damaged(FORM) | tokens, kind=st.sampled_from(KINDS) | sent, at=cuts)
def test_a_body(body: bytes, kind: str, at: list[int]):
    try:
        upload = trio.run(_read, body, kind, at)
    except Problem as problem:
        assert_refusal(problem)
    else:
        assert len(upload.image) <= len(body)


async def _read(body: bytes, kind: str, at: list[int]) -> Upload:
    async with APP.app_context():
        request = request_with({"Content-Type": kind, "Content-Length": str(len(body))})
        for piece in pieces(body, at):
            request.body.append(piece)
        request.body.set_complete()
        return await read_upload(request)


def request_with(headers: dict[str, str]) -> Request:
    scope: Any = {}
    return APP.request_class(
        "POST", "http", "/", b"", Headers(headers), "", "1.1", scope, send_push_promise=_push
    )


async def _push(*_: object) -> None:
    pass


def assert_refusal(problem: Problem) -> None:
    """It is the caller's, and can be sent."""
    assert problem.status < 500
    msgspec.json.encode(problem.to_document())


@pytest.mark.parametrize("name", ["Prefer", "Accept", "Origin", "Host"])
@quickly
@given(value=headers)
def test_a_header(name: str, value: str):
    asked = {"Host": "itten.example", "Origin": "https://itten.example"} | {name: value}
    request = request_with(asked)
    with suppress(Problem):
        choose(request, *IMAGES, JSON)
    with suppress(Problem):
        check_origin(request.headers, ())
    found = preferences(request)
    assert found.wait_s is None or found.wait_s >= 0


@pytest.mark.parametrize("make", [shade_order, field_order, order_of_kind])
@thoroughly
@given(
    pairs=st.lists(st.tuples(names, st.text(max_size=20) | values.map(str)), max_size=4),
    spec=st.none() | st.binary(max_size=40) | specs,
    source=st.none() | st.just(b"source"),
)
def test_a_spec(
    make: Callable[[Upload, float], Order],
    pairs: list[tuple[str, str]],
    spec: bytes | None,
    source: bytes | None,
):
    upload = Upload(
        image=b"image", source=source, name="", pairs=pairs, spec_json=spec, arrived=0.0
    )
    try:
        order = make(upload, 10.0)
    except Problem as problem:
        assert_refusal(problem)
    else:
        assert 0 < order.deadline_s <= 10
        msgspec.json.encode(order.spec)
