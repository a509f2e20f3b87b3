"""Forms that are none, or too much of one, over a real socket."""

import json

import pytest

from tests.service.http.test_serving_guards import FILE, FORM, chunked
from tests.service.live import live, post

FIELDS = "Content-Type: application/x-www-form-urlencoded"
LATER = b'Content-Disposition: form-data; name="passes"\r\n\r\n'
BROKEN_FORMS = {
    "no boundary": (400, "boundary", "Content-Type: multipart/form-data", FILE),
    "no part": (400, "no complete part", FORM, b"this is no form"),
    "part without a name": (400, "Disposition", FORM, b"--XX\r\nX: y\r\n\r\nz\r\n--XX--\r\n"),
    "endless part header": (413, "file parts", FORM, b"--XX\r\nX: " + b"y" * 600_000),
    "large field": (
        413,
        "65536 bytes in each field",
        FORM,
        FILE.replace(b'; filename="a.png"', b"") + bytes(600_000),
    ),
    "part with no name at all": (
        400,
        "without a name",
        FORM,
        FILE.replace(b' name="target";', b"") + b"z\r\n--XX--\r\n",
    ),
    "large fields": (413, "65536 bytes in each field", FIELDS, b"a=b&" * 20_000),
    "many fields": (400, "fields exceeded", FIELDS, b"a=b&" * 100),
    "no end": (400, "cut off", FORM, FILE + b"x\r\n--XX\r\n" + LATER + b"2"),
    "half an end": (400, "cut off", FORM, FILE + b"x\r\n--XX\r\n" + LATER + b"2\r\n--XX-"),
    "many parts": (413, "64 parts", FORM, (FILE + b"x\r\n") * 100 + b"--XX--\r\n"),
}


@pytest.mark.parametrize(
    ("status", "detail", "kind", "body"), BROKEN_FORMS.values(), ids=BROKEN_FORMS
)
async def test_a_broken_form_is_no_empty_form(status: int, detail: str, kind: str, body: bytes):
    async with live() as server:
        answer = await server.ask(post("/form", body, kind))
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert detail in json.loads(answer.body)["detail"]


async def test_an_end_that_comes_byte_by_byte_is_one():
    body = b"".join(b"1\r\n" + FILE[i : i + 1] + b"\r\n" for i in range(len(FILE)))
    body += b"".join(b"1\r\n%c\r\n" % each for each in b"x\r\n--XX--")
    async with live() as server:
        answer = await server.ask(chunked("/form", FORM) + body + b"0\r\n\r\n")
    assert json.loads(answer.body) == {"target": 2}
