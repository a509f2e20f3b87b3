"""What the page is made of, in fewer bytes for those who take them."""

import gzip

import httpx
import pytest

PLAIN = {"Accept-Encoding": "identity"}
ZIPPED = {"Accept-Encoding": "gzip, br"}
TEXTS = ("/", "/static/main.js", "/static/style/base.css", "/openapi.json")


async def raw(site: httpx.AsyncClient, path: str, headers: dict[str, str]) -> httpx.Response:
    request = site.build_request("GET", path, headers=headers)
    answer = await site.send(request, stream=True)
    answer.extensions["raw"] = b"".join([piece async for piece in answer.aiter_raw()])
    return answer


@pytest.mark.parametrize("path", TEXTS)
async def test_text_is_sent_as_gzip_to_who_takes_it(site: httpx.AsyncClient, path: str):
    plain, zipped = await raw(site, path, PLAIN), await raw(site, path, ZIPPED)
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert int(zipped.headers["content-length"]) == len(zipped.extensions["raw"])
    assert 2 * len(zipped.extensions["raw"]) < len(plain.extensions["raw"])
    assert gzip.decompress(zipped.extensions["raw"]) == plain.extensions["raw"]
    for answer in (plain, zipped):
        assert "Accept-Encoding" in answer.headers["vary"]


async def test_what_is_known_is_not_sent_again_in_either_form(site: httpx.AsyncClient):
    for said in (PLAIN, ZIPPED):
        tag = (await raw(site, "/static/main.js", said)).headers["etag"]
        for other in (PLAIN, ZIPPED):
            again = await raw(site, "/static/main.js", other | {"If-None-Match": tag})
            assert (again.status_code, again.extensions["raw"]) == (304, b"")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/static/samples/whale.png", ZIPPED),  # is compressed already
        ("/static/main.js", ZIPPED | {"Range": "bytes=0-99"}),
        ("/static/main.js", {"Accept-Encoding": "gzip;q=0, identity"}),
        ("/healthz", ZIPPED),
        ("/static/nope.js", ZIPPED),
    ],
)
async def test_everything_else_is_sent_as_it_is(
    site: httpx.AsyncClient, path: str, headers: dict[str, str]
):
    assert "content-encoding" not in (await raw(site, path, headers)).headers
