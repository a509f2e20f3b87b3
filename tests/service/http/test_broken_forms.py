"""Forms that are none, or too much of one, over a real socket."""

import json

import pytest

from tests.service.http.test_serving_guards import FILE, FORM
from tests.service.live import live, post

FIELDS = "Content-Type: application/x-www-form-urlencoded"
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
