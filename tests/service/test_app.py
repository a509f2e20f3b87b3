"""Routes, headers and errors, over a real socket."""

import io

import httpx
import numpy as np
import pytest
import trio
from PIL import Image

from service.app import create_app
from service.metrics.metrics import Metrics
from service.settings import Settings
from service.web.openapi import describe
from tests.service.house import (
    FRIEND,
    PATIENCE_S,
    assert_problem,
    house,
    png,
    shade,
    unpacked,
)


async def shaded(site: httpx.AsyncClient) -> str:
    """The path of a job that is complete."""
    answer = await shade(site, png(), passes=1)
    assert answer.headers["itten-status"] == "complete"
    return f"/jobs/{answer.headers['itten-job']}"


async def test_accept_chooses_the_answer(site: httpx.AsyncClient):
    for accept, media in (
        (None, "image/png"),
        ("*/*", "image/png"),
        ("image/*", "image/png"),
        ("image/webp", "image/webp"),
        ("image/jpeg;q=0.9, image/png;q=0.5", "image/jpeg"),
        ("image/png;q=0, image/*", "image/webp"),
        ("application/json", "application/json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "image/png"),
    ):
        headers = {} if accept is None else {"Accept": accept}
        answer = await shade(site, png(), headers, passes=1)
        assert answer.headers["content-type"] == media
        assert answer.headers["itten-status"] == "complete"
        if media.startswith("image/"):
            assert unpacked(answer.content).shape == (24, 32, 3)
    answer = await shade(site, png(), {"Accept": "text/html"}, passes=1)
    assert_problem(answer, 406, "not-acceptable")


async def test_what_a_format_cannot_hold_is_refused_before_the_work():
    async with house() as service:
        answer = await service.shade(png(17_000, 1), {"Accept": "image/webp"})
        assert_problem(answer, 406, "not-acceptable")
        assert not service.desk.live


async def test_jpeg_shows_the_background_through_alpha(site: httpx.AsyncClient):
    image = png(colour=(0, 0, 0, 0))
    answer = await shade(site, image, {"Accept": "image/jpeg"}, passes=2, background="#ff0000")
    red, green, blue = unpacked(answer.content)[5, 5]
    assert red > 240
    assert max(green, blue) < 20


@pytest.mark.parametrize(
    "prefer", ["respond-async", "Respond-Async; wait=10", "handling=lenient, respond-async"]
)
async def test_respond_async_is_202_with_the_place(site: httpx.AsyncClient, prefer: str):
    answer = await shade(site, png(), {"Prefer": prefer, "Accept": "image/png"})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    document = answer.json()
    assert answer.headers["location"] == document["links"]["self"]
    assert document["state"] in ("queued", "running", "complete")
    assert (await site.get(document["links"]["self"])).status_code == 200


async def test_results_while_there_are_none_are_409_with_retry_after():
    async with house("slow") as service:
        service.hold()
        path = await service.start(png(), passes=16)
        for what in ("image", "field", "image?pass=16"):
            answer = await service.client.get(f"{path}/{what}")
            assert_problem(answer, 409, "no-result-yet")
            assert answer.headers["retry-after"] == "1"
        assert (await service.client.get(f"{path}/image?pass=0")).status_code == 200
        await service.client.delete(path)
        answer = await service.client.get(f"{path}/image")
        assert_problem(answer, 409, "conflict")


async def test_head_etag_and_304(site: httpx.AsyncClient):
    path = await shaded(site)
    for what in ("/image", "/image?pass=1", "/field"):
        got = await site.get(path + what)
        head = await site.head(path + what)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(got.content))
        assert head.headers["etag"] == got.headers["etag"]
        assert "Accept" in got.headers["vary"]
        for tag in (got.headers["etag"], f'"x", {got.headers["etag"]}', "*"):
            known = await site.get(path + what, headers={"If-None-Match": tag})
            assert (known.status_code, known.content) == (304, b"")
        other = {"If-None-Match": got.headers["etag"], "Accept": "image/webp"}
        assert (await site.get(path + what, headers=other)).status_code == 200


async def test_the_field_of_a_shading_is_not_named_after_its_result(site: httpx.AsyncClient):
    answer = await shade(site, png(), passes=1)
    path = f"/jobs/{answer.headers['itten-job']}/field"
    for media, suffix in (("image/png", "png"), ("application/x-npz", "npz")):
        field = await site.get(path, headers={"Accept": media})
        assert f'-field.{suffix}"' in field.headers["content-disposition"]


async def test_the_npz_of_a_field_is_whole(site: httpx.AsyncClient):
    files = {"target": ("photo.png", png())}
    npz = {"Accept": "application/x-npz"}
    answer = await site.post("/field", files=files, headers=npz)
    assert answer.headers["content-type"] == "application/x-npz"
    path = f"/jobs/{answer.headers['itten-job']}/field"
    again = await site.get(path, headers=npz)
    assert again.content == answer.content
    assert answer.headers["content-length"] == str(len(answer.content))
    head = await site.head(path, headers=npz)
    assert (head.content, head.headers["etag"]) == (b"", again.headers["etag"])
    assert head.headers["content-length"] == str(len(answer.content))
    known = await site.get(path, headers=npz | {"If-None-Match": '"x"'})
    assert known.status_code == 200
    picture = await site.get(path)
    assert picture.headers["content-type"] == "image/png"


SVG = {"Accept": "image/svg+xml"}


async def drawn(site: httpx.AsyncClient, accept: str, **fields: str) -> httpx.Response:
    files = {"target": ("photo.png", png())}
    return await site.post("/field", files=files, data=fields, headers={"Accept": accept})


async def test_a_line_drawing_comes_as_png_and_as_svg(site: httpx.AsyncClient):
    answer = await drawn(site, "image/png", render="contours")
    assert unpacked(answer.content).shape == (24, 32, 3)
    assert "photo-drawing.png" in answer.headers["content-disposition"]
    answer = await drawn(site, SVG["Accept"], render="contours")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["itten-status"] == "complete"
    assert answer.content.startswith(b"<svg")
    assert "photo-drawing.svg" in answer.headers["content-disposition"]
    path = f"/jobs/{answer.headers['itten-job']}/field"
    again = await site.get(path, headers=SVG)
    assert again.content == answer.content
    assert "default-src 'none'" in again.headers["content-security-policy"]
    head = await site.head(path, headers=SVG)
    assert (head.content, head.headers["etag"]) == (b"", again.headers["etag"])
    assert head.headers["content-length"] == str(len(answer.content))
    known = await site.get(path, headers=SVG | {"If-None-Match": head.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert (await site.get(path)).headers["content-type"] == "image/png"
    npz = await site.get(path, headers={"Accept": "application/x-npz"})
    assert "svg" not in np.load(io.BytesIO(npz.content)).files


async def test_a_drawing_on_nothing_has_an_alpha_channel(site: httpx.AsyncClient):
    for media, channels in (("image/png", 4), ("image/webp", 4), ("image/jpeg", 3)):
        answer = await drawn(site, media, render="contours", background="transparent")
        assert answer.headers["content-type"] == media
        image = Image.open(io.BytesIO(answer.content))
        assert len(image.getbands()) == channels


async def test_svg_of_anything_but_a_drawing_is_406_and_says_how(site: httpx.AsyncClient):
    answer = await drawn(site, SVG["Accept"])
    assert "render contours" in assert_problem(answer, 406, "not-acceptable")["detail"]
    answer = await drawn(site, "image/svg+xml, image/webp;q=0.5", render="ranks")
    assert answer.headers["content-type"] == "image/webp"
    path = f"/jobs/{answer.headers['itten-job']}/field"
    assert_problem(await site.get(path, headers=SVG), 406, "not-acceptable")
    shading = await shaded(site)
    assert_problem(await site.get(f"{shading}/field", headers=SVG), 406, "not-acceptable")
    answer = await shade(site, png(), SVG)
    assert_problem(answer, 406, "not-acceptable")


@pytest.mark.parametrize("index", ["-1", "x", "1.5", "17", "", "9" * 5000, "\u0662"])
async def test_a_pass_that_cannot_be_is_refused(site: httpx.AsyncClient, index: str):
    path = await shaded(site)
    answer = await site.get(f"{path}/image", params={"pass": index})
    assert_problem(answer, 422, "bad-spec")


@pytest.mark.parametrize("what", ["", "&pass=0", "&pass=1"])
async def test_a_picture_can_be_had_smaller_but_not_larger(site: httpx.AsyncClient, what: str):
    path = await shaded(site)
    sizes = []
    for side in (16, 8192):
        answer = await site.get(f"{path}/image?max_side={side}{what}")
        assert answer.status_code == 200
        sizes.append(unpacked(answer.content).shape[:2])
        again = await site.get(str(answer.url), headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    whole = unpacked((await site.get(f"{path}/image?pass=0")).content).shape[:2]
    assert sizes == [(whole[0] * 16 // whole[1], 16), whole]


@pytest.mark.parametrize("side", ["15", "8193", "x", "", "-16", "16&max_side=16"])
async def test_a_size_that_cannot_be_is_refused(site: httpx.AsyncClient, side: str):
    path = await shaded(site)
    answer = await site.get(f"{path}/image?max_side={side}")
    [error] = assert_problem(answer, 422, "bad-spec")["errors"]
    assert error["field"] == "max_side"


async def test_a_pass_that_never_will_be_is_404(site: httpx.AsyncClient):
    path = await shaded(site)
    answer = await site.get(f"{path}/image?pass=2")
    assert_problem(answer, 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nope", 404, "not-found"),
        ("GET", "/static/nope.js", 404, "not-found"),
        ("GET", "/static/..%2fpyproject.toml", 404, "not-found"),
        ("GET", "/shade", 405, "method-not-allowed"),
        ("PUT", "/jobs", 405, "method-not-allowed"),
        ("GET", "/jobs/short", 404, "unknown-job"),
        ("GET", "/jobs/neverexisted", 404, "unknown-job"),
        ("GET", "/jobs/neverexisted/image", 404, "unknown-job"),
        ("GET", "/jobs/neverexisted/field", 404, "unknown-job"),
        ("GET", "/jobs/neverexisted/events", 404, "unknown-job"),
        ("GET", "/jobs/%00%ff%0a12345", 404, "unknown-job"),
    ],
)
async def test_what_the_framework_refuses_is_a_problem_too(
    site: httpx.AsyncClient, method: str, path: str, status: int, slug: str
):
    answer = await site.request(method, path)
    assert_problem(answer, status, slug)
    assert answer.headers["x-content-type-options"] == "nosniff"
    if status == 405:
        assert answer.headers["allow"]


async def test_an_exception_in_a_handler_is_a_500_without_its_trace():
    async with house("unready") as service:

        async def broken() -> list:
            raise RuntimeError("secret")

        service.desk.newest = broken  # type: ignore[method-assign]
        answer = await service.client.get("/jobs")
        assert_problem(answer, 500, "internal-error")
        assert "secret" not in answer.text
        assert (await service.client.get("/healthz")).status_code == 200


async def test_the_page_allows_nothing_from_elsewhere(site: httpx.AsyncClient):
    for path in ("/", "/static/main.js", "/static/icon.svg"):
        answer = await site.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        tag = {"If-None-Match": answer.headers["etag"]}
        assert (await site.get(path, headers=tag)).status_code == 304


async def test_pages_of_other_sites_may_not_start_or_remove_jobs(site: httpx.AsyncClient):
    host = str(site.base_url)
    for origin, status in (
        ("https://evil.example", 403),
        ("null", 403),
        ("http://[", 403),
        (f"{host}.evil.example", 403),
        (host, 200),
        (FRIEND, 200),
    ):
        answer = await shade(site, png(), {"Origin": origin}, passes=1)
        assert answer.status_code == status, origin
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == (FRIEND if "friend" in origin else None)


async def test_an_allowed_origin_may_ask_first(site: httpx.AsyncClient):
    headers = {
        "Origin": FRIEND,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "prefer",
    }
    answer = await site.options("/shade", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "Prefer" in answer.headers["access-control-allow-headers"]


async def test_the_newest_jobs_come_first_and_live_ones_as_they_are():
    async with house("slow") as service:
        old = await service.start(png(), passes=1)
        await service.wait_idle()
        service.hold()
        new = await service.start(png(), passes=16)
        live = service.desk.live[new.removeprefix("/jobs/")]
        with trio.fail_after(PATIENCE_S):
            while live.record.state != "running":
                await trio.sleep(0.005)
        jobs = (await service.client.get("/jobs")).json()["jobs"]
        assert [each["links"]["self"] for each in jobs] == [new, old]
        assert [each["state"] for each in jobs] == ["running", "complete"]


async def test_expect_100_continue_is_answered(site: httpx.AsyncClient):
    port = site.base_url.port
    assert port is not None
    async with await trio.open_tcp_stream("127.0.0.1", port) as raw:
        body = png()
        head = f"POST /shade?passes=1 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: image/png\r\nExpect: 100-continue\r\n\r\n"
        await raw.send_all(head.encode())
        assert (await raw.receive_some(1000)).startswith(b"HTTP/1.1 100")
        await raw.send_all(body)
        assert (await raw.receive_some(1000)).startswith(b"HTTP/1.1 200")


def test_the_description_has_every_route_and_no_other(anyio_backend: str):
    described = set(describe(Settings())["paths"]) | {"/static/{name}"}
    app = create_app(_NoDesk())  # type: ignore[arg-type]
    served = {
        rule.rule.replace("<path:", "<").replace("<job_id>", "<id>").translate(_BRACES)
        for rule in app.url_map.iter_rules()
    }
    assert served == described


async def test_the_description_is_served_and_its_references_exist(site: httpx.AsyncClient):
    document = (await site.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    names = set(document["components"]["schemas"])
    assert {"ShadeSpec", "FieldSpec", "Job", "Problem"} <= names
    for reference in _references(document):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]  # KeyError for what is not there


async def test_the_description_offers_a_source_where_one_is_taken(site: httpx.AsyncClient):
    document = (await site.get("/openapi.json")).json()
    for path, parts in (
        ("/shade", {"target", "source", "spec"}),
        ("/field", {"target", "spec"}),
    ):
        content = document["paths"][path]["post"]["requestBody"]["content"]
        schema = content["multipart/form-data"]["schema"]
        assert parts <= set(schema["properties"])
        assert ("source" in schema["properties"]) == ("source" in parts)
        assert schema["required"] == ["target"]
    mode = document["components"]["schemas"]["ShadeSpec"]["properties"]["mode"]
    assert {"enum": ["self", "cross"], "type": "string"} in mode["anyOf"]


async def test_a_described_form_takes_parts_and_fields_and_nothing_else(site: httpx.AsyncClient):
    document = (await site.get("/openapi.json")).json()
    content = document["paths"]["/shade"]["post"]["requestBody"]["content"]
    form = content["multipart/form-data"]["schema"]
    fields = document["components"]["schemas"]["ShadeSpec"]["properties"]
    assert set(form["properties"]) == {"target", "source", "spec", *fields}
    assert form["additionalProperties"] is False
    assert "allOf" not in form  # the spec alone takes no file: nothing would be valid


async def test_a_job_document_has_what_the_description_requires(site: httpx.AsyncClient):
    answer = await shade(site, png(), {"Accept": "application/json"}, passes=1)
    schemas = (await site.get("/openapi.json")).json()["components"]["schemas"]
    assert set(schemas["Job"]["required"]) <= set(answer.json())
    assert set(answer.json()) <= set(schemas["Job"]["properties"])


class _NoDesk:
    settings = Settings()
    metrics = Metrics()
    link = decoders = admission = None


_BRACES = str.maketrans("<>", "{}")


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(_references(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(each) for each in value))
    return set()
