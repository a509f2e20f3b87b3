"""Why a call to a service came to nothing.

ClientError             not an address, not a key, not a format
├── Unreachable         there was no answer
└── ServiceError        an answer that is no success, with its HTTP status
"""

from typing import Any, NamedTuple, Self

_MENDABLE = range(400, 500)
_NOT_MENDABLE = (408, 409, 410, 429)  # the request was fine; the moment, or the job, was not


class FieldError(NamedTuple):
    """What is wrong with one field of a spec."""

    field: str
    message: str


class ClientError(Exception):
    """A call that failed; the message says why, and where it is known, what to change.

    `slug` is the last part of a problem's type, empty where there was no problem document.
    """

    slug = ""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def mendable(self) -> bool:
        """Whether another request, or another address, would be answered."""
        return False


class Unreachable(ClientError):
    """There was no answer."""


class ServiceError(ClientError):
    """An answer that is no success.

    Attributes:
        status: of HTTP.
        slug: the last part of the problem's type, empty where there was no problem document.
        retry_after: seconds; None where asking again is no use.
        errors: the fields of a spec that are wrong, with what each must be.
    """

    def __init__(
        self,
        detail: str,
        status: int,
        slug: str = "",
        retry_after: float | None = None,
        errors: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.retry_after = retry_after
        self.errors = errors

    @classmethod
    def of(cls, problem: dict[str, Any], retry_after: float | None = None) -> Self:
        """The error that a problem document tells of."""
        slug = str(problem.get("type", "")).rpartition("/")[2]
        status, listed = problem.get("status"), problem.get("errors")
        errors = tuple(
            FieldError(str(each.get("field")), str(each.get("message")))
            for each in (listed if isinstance(listed, list) else ())
            if isinstance(each, dict)
        )
        status = status if isinstance(status, int) else 500
        return cls(str(problem.get("detail")), status, slug, retry_after, errors)

    @property
    def mendable(self) -> bool:
        """Whether another request, or another address, would be answered."""
        return is_mendable(self.status, self.slug)


def is_mendable(status: int, slug: str) -> bool:
    """Whether the caller can mend what is answered with this status and type of problem."""
    return status in _MENDABLE and status not in _NOT_MENDABLE and slug != "unknown-job"
