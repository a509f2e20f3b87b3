"""What an answer says: a job, or what is wrong."""

from typing import Any, Final, TypeVar

import httpx
import msgspec

from service.client.documents import JobDocument
from service.client.errors import ServiceError

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
T = TypeVar("T")


class _Listed(msgspec.Struct):
    jobs: list[JobDocument]


def place(url: httpx.URL) -> str:
    """Where a service is, as a message may say it."""
    return str(url.copy_with(path="/", query=None, username=None, password=None)).rstrip("/")


def decoded(answer: httpx.Response, kind: type[T]) -> T:
    """The JSON of an answer; raises ServiceError when it is something else."""
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except _UNREADABLE as error:
        raise _strange(answer, str(error), httpx.codes.NOT_FOUND) from error


def document_of(answer: httpx.Response) -> JobDocument:
    """The job document of an answer; raises as `decoded`."""
    return decoded(answer, JobDocument)


def documents_of(answer: httpx.Response) -> list[JobDocument]:
    """The job documents of an answer that lists them; raises as `decoded`."""
    return decoded(answer, _Listed).jobs


def service_error(answer: httpx.Response) -> ServiceError:
    """The error that an answer tells of; its body has been read."""
    status = answer.status_code
    document = _problem(answer)
    if "detail" in document:
        return ServiceError.of(document | {"status": status}, _retry_after(answer))
    what = f"{status} {answer.reason_phrase}".strip()
    if answer.has_redirect_location:
        return _strange(answer, f"{what} {answer.headers['Location']}", httpx.codes.NOT_FOUND)
    return _strange(answer, what, status)


def _strange(answer: httpx.Response, what: str, status: int) -> ServiceError:
    return ServiceError(f"{place(answer.url)} does not answer as Itten does: {what}", status)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(answer.content)
    except _UNREADABLE:
        return {}
    return document if isinstance(document, dict) else {}


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() else None
