"""Why a call to a service came to nothing."""

_MENDABLE = range(400, 500)
_NOT_MENDABLE = (408, 409, 410, 429)  # the request was fine; the moment, or the job, was not


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

    `retry_after` is in seconds, None where asking again is no use.
    """

    def __init__(
        self, detail: str, status: int, slug: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.retry_after = retry_after

    @property
    def mendable(self) -> bool:
        """Whether another request, or another address, would be answered."""
        return is_mendable(self.status, self.slug)


def is_mendable(status: int, slug: str) -> bool:
    """Whether the caller can mend what is answered with this status and type of problem."""
    return status in _MENDABLE and status not in _NOT_MENDABLE and slug != "unknown-job"
