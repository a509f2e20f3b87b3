import pytest
from quart import Quart, request

from service.web.preferences import preferences


@pytest.mark.parametrize(
    ("header", "asynchronous", "wait_s", "applied"),
    [
        ([], False, None, None),
        (["respond-async"], True, None, "respond-async"),
        (["Respond-Async; foo=1"], True, None, "respond-async"),
        (["wait=5"], False, 5, "wait=5"),
        (['WAIT = "7"'], False, 7, "wait=7"),
        (["respond-async, wait=10"], True, 10, "respond-async, wait=10"),
        (["wait=1", "wait=2, respond-async"], True, 1, "respond-async, wait=1"),
        (["handling=lenient,,wait=0"], False, 0, "wait=0"),
        (["wait"], False, None, None),
        (["wait=-1"], False, None, None),
        (["wait=1.5"], False, None, None),
        (["wait=" + "9" * 5000], False, None, None),
        (["wait=\u0662"], False, None, None),
        (["respond-asynchronously"], False, None, None),
    ],
)
async def test_what_is_preferred(
    header: list[str], asynchronous: bool, wait_s: int | None, applied: str | None
):
    headers = [("Prefer", each) for each in header]
    async with Quart(__name__).test_request_context("/", headers=headers):  # type: ignore[arg-type]
        found = preferences(request)  # type: ignore[arg-type]
    assert found == (asynchronous, wait_s)
    assert found.applied == applied
