import pytest
from quart import Request
from werkzeug.datastructures import Headers

from service.problems import NotAcceptable
from service.web.negotiation import JSON, choose

OFFERS = ("image/png", "image/webp", JSON)


def asking(accept: str | None) -> Request:
    headers = Headers({} if accept is None else {"Accept": accept})
    scope = {"type": "http", "asgi": {}}
    return Request(
        "GET",
        "http",
        "/",
        b"",
        headers,
        "",
        "1.1",
        scope,
        send_push_promise=None,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "image/png"),
        ("", "image/png"),
        ("*/*", "image/png"),
        ("image/webp, */*;q=0.1", "image/webp"),
        ("image/*;q=0.2, application/json;q=0.3", JSON),
        ("image/png;q=0, image/*", "image/webp"),
        ("IMAGE/WEBP", "image/webp"),
        ("image/avif,image/webp,image/apng,image/*,*/*;q=0.8", "image/png"),
    ],
)
async def test_the_best_offer_is_chosen(accept: str | None, chosen: str):
    assert choose(asking(accept), *OFFERS) == chosen


@pytest.mark.parametrize("accept", ["text/html", "image/png;q=0", "image/tiff, audio/*"])
async def test_what_cannot_be_made_is_refused_with_what_can(accept: str):
    with pytest.raises(NotAcceptable, match="image/webp"):
        choose(asking(accept), *OFFERS)
