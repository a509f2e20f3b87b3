"""What a POST may bring, through the whole service: parts, fields, raw bodies, bad input."""

import json
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.service.house import assert_problem, house, packed, png, shade, unpacked

IMAGE = ("photo.png", png())
CROSS = {"mode": "cross"}


def errors(answer: httpx.Response) -> dict[str, str]:
    document = assert_problem(answer, 422, "bad-spec")
    return {each["field"]: each["message"] for each in document["errors"]}


async def test_every_way_to_send_a_spec_is_understood(site: httpx.AsyncClient):
    post = site.post
    files = {"target": IMAGE}
    part = {"target": IMAGE, "spec": (None, '{"passes": 2}', "application/json")}
    file_part = {"target": IMAGE, "spec": ("s.json", b'{"passes": 2}', "application/json")}
    png_type = {"Content-Type": "image/png"}
    octets = {"Content-Type": "application/octet-stream"}
    for answer in (
        await post("/shade", data={"passes": "2"}, files=files),
        await post("/shade", files=part),
        await post("/shade", files=file_part),
        await post("/shade?passes=2", files=files),
        await post("/shade?passes=2", content=png(), headers=png_type),
        await post("/shade", params={"spec": '{"passes": 2}'}, content=png(), headers=octets),
    ):
        assert answer.status_code == 200, answer.text
        assert answer.headers["itten-passes"] == "2/2"


@pytest.mark.parametrize(
    ("files", "data", "field"),
    [
        ({"spec": (None, "{}")}, {}, "target"),
        ({"picture": IMAGE}, {}, "picture"),
        ({"picture": IMAGE}, {}, "target"),
        ({"target": (None, "text")}, {}, "target"),
        ([("target", IMAGE), ("target", IMAGE)], {}, "target"),
        ({"source": IMAGE}, {}, "target"),
        ([("target", IMAGE), ("source", IMAGE), ("source", IMAGE)], {}, "source"),
        ({"target": IMAGE, "source": (None, "text")}, {}, "source"),
        ({"target": IMAGE, "source": IMAGE}, {"source": "text"}, "source"),
        ({"target": IMAGE, "source": IMAGE}, {"mode": "self"}, "mode"),
        ({"target": IMAGE, "source": IMAGE}, {"mode": "both"}, "mode"),
        ({"target": IMAGE, "source": IMAGE, "spec": (None, '{"mode": "self"}')}, {}, "mode"),
        ({"target": IMAGE}, {"pases": "4"}, "pases"),
        ({"target": IMAGE}, {"passes": "0"}, "passes"),
        ({"target": IMAGE}, {"passes": "17"}, "passes"),
        ({"target": IMAGE}, {"passes": "4.5"}, "passes"),
        ({"target": IMAGE}, {"passes": ""}, "passes"),
        ({"target": IMAGE}, {"decay": "nan"}, "decay"),
        ({"target": IMAGE}, {"decay": "inf"}, "decay"),
        ({"target": IMAGE}, {"deadline_s": "0"}, "deadline_s"),
        ({"target": IMAGE}, {"deadline_s": "60"}, "deadline_s"),
        ({"target": IMAGE}, {"mode": "cross"}, "mode"),
        ({"target": IMAGE}, {"solver": "power"}, "solver"),
        ({"target": IMAGE, "spec": (None, '{"passes": 4}')}, {"passes": "3"}, "passes"),
        ({"target": IMAGE, "spec": (None, "{}")}, {"spec": "{}"}, "spec"),
        ({"target": IMAGE, "spec": ("s.json", b"{}")}, {"spec": "{}"}, "spec"),
        ({"target": IMAGE, "spec": (None, '{"passes": true}')}, {}, "passes"),
        ({"target": IMAGE, "spec": (None, "[1, 2]")}, {}, "spec"),
        ({"target": IMAGE, "spec": (None, '{"passes": 1, "passes": 2}')}, {}, "passes"),
    ],
)
async def test_a_bad_form_is_refused_by_the_name_of_the_field(
    site: httpx.AsyncClient, files: Any, data: Any, field: str
):
    answer = await site.post("/shade", files=files, data=data)
    assert field in errors(answer)


@pytest.mark.parametrize("name", ["source", "target"])
async def test_an_image_cannot_be_text_in_the_query(site: httpx.AsyncClient, name: str):
    query = {name: "photo.png"}
    answer = await site.post("/shade", files={"target": IMAGE}, params=query)
    assert name in errors(answer)
    png_type = {"Content-Type": "image/png"}
    answer = await site.post("/shade", params=query, content=png(), headers=png_type)
    assert name in errors(answer)


async def test_a_field_takes_no_source(site: httpx.AsyncClient):
    files = {"target": IMAGE, "source": IMAGE}
    assert "source" in errors(await site.post("/field", files=files))
    assert "mode" in errors(await site.post("/field", files={"target": IMAGE}, data=CROSS))


async def test_a_raw_body_is_shaded_by_itself(site: httpx.AsyncClient):
    png_type = {"Content-Type": "image/png"}
    answer = await site.post("/shade", params=CROSS, content=png(), headers=png_type)
    assert "source" in errors(answer)["mode"]


@pytest.mark.parametrize(
    ("broken", "status", "slug"),
    [
        (b"", 422, "broken-image"),
        (png()[:60], 422, "broken-image"),
        (b"hello", 415, "unsupported-format"),
        (png(40, 40), 422, "too-many-pixels"),
    ],
)
async def test_which_of_two_images_is_wrong_is_said(broken: bytes, status: int, slug: str):
    async with house(max_pixels=1000, max_queue=1) as service:
        for name, other in (("source", "target"), ("target", "source")):
            files = {other: IMAGE, name: ("other.png", broken)}
            answer = await service.client.post("/shade", files=files)
            detail = assert_problem(answer, status, slug)["detail"]
            assert detail.startswith(f"{name}: ")
        assert not service.desk.admission.places
        assert (await service.client.get("/jobs")).json() == {"jobs": []}
        alone = await service.shade(broken)
        assert not assert_problem(alone, status, slug)["detail"].startswith("target")


@pytest.mark.parametrize("text", ["{", '{"decay": NaN}', "\ud800", "", "{'passes': 4}"])
async def test_bad_json_is_refused(site: httpx.AsyncClient, text: str):
    spec = text.encode(errors="surrogatepass")
    answer = await site.post("/shade", files={"target": IMAGE, "spec": ("spec.json", spec)})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("kind", "body", "status", "slug"),
    [
        ("multipart/form-data", b"x", 400, "malformed-request"),
        ("multipart/form-data; boundary=x", b"", 400, "malformed-request"),
        ("multipart/form-data; boundary=x", b"garbage", 400, "malformed-request"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n", 400, "malformed-request"),
        ("application/x-www-form-urlencoded", b"target=1", 415, "unsupported-format"),
        ("application/json", b"{}", 415, "unsupported-format"),
        ("text/plain", b"hello", 415, "unsupported-format"),
        ("", b"hello", 415, "unsupported-format"),
        ("image/png", b"", 422, "broken-image"),
        ("image/png", b"hello", 415, "unsupported-format"),
        ("image/svg+xml", b"<svg/>", 415, "unsupported-format"),
    ],
)
async def test_a_body_that_is_no_upload(
    site: httpx.AsyncClient, kind: str, body: bytes, status: int, slug: str
):
    answer = await site.post("/shade", content=body, headers={"Content-Type": kind})
    assert_problem(answer, status, slug)


async def test_a_body_over_the_limit_is_413_however_it_is_sent():
    async def endless() -> Any:
        for _ in range(40):
            yield bytes(100_000)

    async with house(max_body_mb=1.0) as service:
        for body in (bytes(2_000_000), endless()):
            headers = {"Content-Type": "image/png"}
            answer = await service.client.post("/shade", content=body, headers=headers)
            assert_problem(answer, 413, "body-too-large")


async def test_too_many_pixels_are_refused_from_the_header():
    async with house(max_pixels=1000) as service:
        problem = assert_problem(await service.shade(png(40, 40)), 422, "too-many-pixels")
        assert "40 x 40" in problem["detail"]
        assert (await service.shade(png(30, 30))).status_code == 200


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (1, 1), (9, 9, 9)),
        Image.new("RGB", (1, 300), (9, 9, 9)),
        Image.new("L", (8, 8), 9),
        Image.new("1", (8, 8)),
        Image.new("P", (8, 8)),
        Image.new("I;16", (8, 8), 999),
        Image.new("RGBA", (8, 8), (9, 9, 9, 100)),
        Image.new("LA", (8, 8), (9, 100)),
    ],
    ids=lambda image: f"{image.mode}-{image.size}",
)
async def test_odd_images_keep_their_size(site: httpx.AsyncClient, image: Image.Image):
    answer = await shade(site, packed(image), passes=1)
    assert answer.status_code == 200, answer.text
    assert unpacked(answer.content).shape[:2] == image.size[::-1]


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (png(), png(5, 7, (9, 8, 7))),
        (png(1, 1), png(300, 200, (9, 8, 7))),
        (png(colour=(1, 2, 3, 100)), png(64, 64, (9, 8, 7))),
        (png(), png(1, 1, (9, 8, 7, 100))),
        (png(9, 9, (1, 2, 3, 0)), png(3, 3, (9, 8, 7, 100))),
        (png(), packed(Image.new("RGB", (40, 20), (9, 8, 7)), "BMP")),
    ],
)
async def test_a_source_is_of_any_size_and_kind(
    site: httpx.AsyncClient, target: bytes, source: bytes
):
    files = {"target": ("photo.png", target), "source": ("other.png", source)}
    answer = await site.post("/shade", files=files, data={"passes": "2", "max_side": "64"})
    assert answer.headers["itten-status"] == "complete", answer.text
    shaded, given = unpacked(answer.content), unpacked(target)
    assert shaded.shape == given.shape
    assert np.all(shaded[..., :3] == (9, 8, 7))
    assert "photo-shaded.png" in answer.headers["content-disposition"]


async def test_max_side_shrinks_first(site: httpx.AsyncClient):
    answer = await shade(site, png(200, 100), passes=1, max_side=64)
    assert unpacked(answer.content).shape == (32, 64, 3)


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("photo.png", 'filename="photo-shaded.png"'),
        ("../../etc/passwd", 'filename="passwd-shaded.png"'),
        ("C:\\pictures\\sea.jpg", 'filename="sea-shaded.png"'),
        ("\u96ea.png", "filename*=UTF-8''%E9%9B%AA-shaded.png"),
        ("a%0d%0ab.png", 'filename="a'),
        (".png", "-shaded.png"),
    ],
)
async def test_the_answer_is_named_after_the_upload(
    site: httpx.AsyncClient, filename: str, expected: str
):
    answer = await site.post("/shade", files={"target": (filename, png())}, data={"passes": "1"})
    assert answer.status_code == 200, answer.text
    assert expected in answer.headers["content-disposition"]
    assert "/" not in answer.headers["content-disposition"]


async def test_a_large_spec_is_refused_and_not_read(site: httpx.AsyncClient):
    spec = json.dumps({"envelope": [{}] * 50_000}).encode()
    answer = await site.post("/shade", files={"target": IMAGE, "spec": ("s.json", spec)})
    assert_problem(answer, 400, "malformed-request")
