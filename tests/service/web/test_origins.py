import pytest
from werkzeug.datastructures import Headers

from service.problems import Forbidden
from service.web.origins import check_origin, cors_headers

FRIENDS = ("https://friend.example:8443",)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "itten.example"},
        {"Host": "itten.example", "Origin": "https://itten.example"},
        {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"},
        {"Host": "Itten.Example:8000", "Origin": "http://itten.example:8000"},
        {"Host": "x", "Origin": "https://friend.example:8443"},
    ],
)
def test_no_page_our_page_and_friends_may(headers: dict[str, str]):
    check_origin(Headers(headers), FRIENDS)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:9000"),
        ("127.0.0.1:8000", "http://localhost:8000"),
        ("x", "https://friend.example"),
        ("x", "null"),
        ("", "null"),
        ("", ""),
        ("x", "http://["),
        ("x", "https://x.evil.example"),
    ],
)
def test_others_may_not(host: str, origin: str):
    with pytest.raises(Forbidden):
        check_origin(Headers({"Host": host, "Origin": origin}), FRIENDS)


def test_only_friends_are_told_to_the_browser():
    assert cors_headers(Headers({"Origin": "https://evil.example"}), FRIENDS) == {}
    assert cors_headers(Headers(), FRIENDS) == {}
    told = cors_headers(Headers({"Origin": FRIENDS[0]}), FRIENDS)
    assert told["Access-Control-Allow-Origin"] == FRIENDS[0]
    assert "Itten-Status" in told["Access-Control-Expose-Headers"]
