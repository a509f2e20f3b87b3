"""The error tree: statuses, types, documents, and what a message may repeat."""

import json
from collections.abc import Iterator

import pytest

from service import problems
from service.problems import BadSpec, Busy, FieldError, MethodNotAllowed, Problem, echo


def tree(root: type[Problem] = Problem) -> Iterator[type[Problem]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_docstring_shows_every_class_with_its_status_and_type() -> None:
    lines = (problems.__doc__ or "").splitlines()
    for kind in tree():
        wanted = (kind.__name__, str(kind.status), f"/problems/{kind.slug}")
        assert any(
            list(wanted) == line.replace("│", "").replace("├──", "").replace("└──", "").split()[:3]
            for line in lines
        ), wanted


def test_one_type_has_one_status_and_one_title() -> None:
    seen: dict[str, tuple[int, str]] = {}
    for kind in tree():
        assert seen.setdefault(kind.slug, (kind.status, kind.title)) == (kind.status, kind.title)


def test_document_is_json_with_the_fields_of_the_contract() -> None:
    problem = BadSpec("passes: too many", errors=[FieldError("passes", "too many")])
    document = json.loads(json.dumps(problem.to_document()))
    assert document == {
        "type": "/problems/bad-spec",
        "title": "The spec is not valid",
        "status": 422,
        "detail": "passes: too many",
        "errors": [{"field": "passes", "message": "too many"}],
    }
    assert problem.headers() == {"Content-Type": "application/problem+json"}


@pytest.mark.parametrize("kind", [kind for kind in tree() if kind.status in (429, 503)])
def test_answers_that_invite_a_retry_always_say_when(kind: type[Problem]) -> None:
    assert int(kind("later").headers()["Retry-After"]) >= 1
    assert kind("later", retry_after=2.1).headers()["Retry-After"] == "3"
    assert Busy("later", retry_after=0).headers()["Retry-After"] == "1"


def test_405_lists_the_methods() -> None:
    assert MethodNotAllowed("no", allow=["GET", "HEAD"]).headers()["Allow"] == "GET, HEAD"


def test_echo_is_short_printable_and_encodable() -> None:
    nasty = ["x" * 10**6, "\r\nSet-Cookie: a", "\ud800\u202e", 10**5000, -(10**5000), 1e308]
    plain = [float("nan"), {"a": 1}, [1] * 1000, (1,), None, True, b"x" * 10**6, ""]
    for value in [*nasty, *plain]:
        text = echo(value)
        assert 0 < len(text) <= 256
        assert text.isprintable()
        text.encode()
