"""Every error that a caller can see, with its HTTP status and stable problem type.

    Problem                     500 /problems/internal-error (always our bug)
    ├── Refused                 400 /problems/malformed-request
    │   ├── Malformed           400 /problems/malformed-request
    │   ├── Unauthorized        401 /problems/unauthorized
    │   ├── Forbidden           403 /problems/forbidden
    │   ├── NotFound            404 /problems/not-found
    │   │   └── UnknownJob      404 /problems/unknown-job
    │   ├── MethodNotAllowed    405 /problems/method-not-allowed
    │   ├── NotAcceptable       406 /problems/not-acceptable
    │   ├── UploadTooSlow       408 /problems/upload-too-slow
    │   ├── Conflict            409 /problems/conflict
    │   │   └── NoResultYet     409 /problems/no-result-yet       Retry-After
    │   ├── NoLongerKept        410 /problems/no-longer-kept
    │   ├── BodyTooLarge        413 /problems/body-too-large
    │   ├── UnsupportedFormat   415 /problems/unsupported-format
    │   ├── BadSpec             422 /problems/bad-spec            errors
    │   ├── BrokenImage         422 /problems/broken-image
    │   ├── TooManyPixels       422 /problems/too-many-pixels
    │   └── TooFast             429 /problems/too-fast            Retry-After
    └── Unable                  500 /problems/internal-error
        ├── Busy                503 /problems/busy                Retry-After
        ├── NotReady            503 /problems/not-ready           Retry-After
        ├── SetAside            503 /problems/set-aside           Retry-After
        ├── Damaged             503 /problems/damaged-records     Retry-After
        └── NoRoom              507 /problems/no-room

A `detail` says what to change. What a caller sent is quoted through `echo` only.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

MEDIA_TYPE = "application/problem+json"
_ECHO = 60  # characters of a caller's value that a message may repeat


class FieldError(NamedTuple):
    """What is wrong with one field of a spec."""

    field: str
    message: str


class Problem(Exception):
    """An error as RFC 9457 describes it; raise the subclass that means what happened.

    `retry_after` is in seconds. `errors` names the fields of a bad spec.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something broke on our side"
    default_retry_after: ClassVar[float | None] = None

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = self.default_retry_after if retry_after is None else retry_after

    @property
    def type(self) -> str:
        """The stable problem type, a relative URI reference."""
        return f"/problems/{self.slug}"

    def to_document(self) -> dict[str, Any]:
        """The body of the answer, of media type `application/problem+json`."""
        document: dict[str, Any] = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [error._asdict() for error in self.errors]
        return document

    def headers(self) -> dict[str, str]:
        """The headers that belong to this status, the content type included."""
        headers = {"Content-Type": MEDIA_TYPE}
        if self.retry_after is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after)))  # whole seconds
        return headers


class Refused(Problem):
    """The caller can mend it."""

    status = 400
    slug = "malformed-request"
    title = "The request cannot be read"


class Malformed(Refused):
    """Not a request that can be read: bad JSON, multipart without a boundary."""


class Unauthorized(Refused):
    """No key, or not a valid one."""

    status = 401
    slug = "unauthorized"
    title = "A key is needed"

    def headers(self) -> dict[str, str]:
        """Also names the scheme, as a 401 must."""
        return super().headers() | {"WWW-Authenticate": "Bearer"}


class Forbidden(Refused):
    """The caller is known and may not, or the origin is not allowed."""

    status = 403
    slug = "forbidden"
    title = "Not allowed"


class NotFound(Refused):
    """Nothing lives at this path."""

    status = 404
    slug = "not-found"
    title = "Nothing here"


class UnknownJob(NotFound):
    """No job has this id."""

    slug = "unknown-job"
    title = "No such job"


class MethodNotAllowed(Refused):
    """The path exists, the method does not; `Allow` lists those that do."""

    status = 405
    slug = "method-not-allowed"
    title = "The path does not take this method"

    def __init__(self, detail: str, *, allow: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.allow = tuple(allow)

    def headers(self) -> dict[str, str]:
        """Also lists the methods, as a 405 must."""
        return super().headers() | {"Allow": ", ".join(self.allow)}


class NotAcceptable(Refused):
    """None of the media types in `Accept` can be made."""

    status = 406
    slug = "not-acceptable"
    title = "No such representation"


class UploadTooSlow(Refused):
    """The body did not arrive in time."""

    status = 408
    slug = "upload-too-slow"
    title = "The upload took too long"


class Conflict(Refused):
    """The state of the job does not allow it."""

    status = 409
    slug = "conflict"
    title = "Not in this state"


class NoResultYet(Conflict):
    """The job has nothing to show so far."""

    slug = "no-result-yet"
    title = "No result yet"
    default_retry_after = 1.0


class NoLongerKept(Refused):
    """The job existed and was removed."""

    status = 410
    slug = "no-longer-kept"
    title = "No longer kept"


class BodyTooLarge(Refused):
    """The body is over the limit."""

    status = 413
    slug = "body-too-large"
    title = "The body is too large"


class UnsupportedFormat(Refused):
    """Not one of the image formats that are taken."""

    status = 415
    slug = "unsupported-format"
    title = "Not a format that is taken"


class BadSpec(Refused):
    """Fields of the spec are unknown, of the wrong type or out of range."""

    status = 422
    slug = "bad-spec"
    title = "The spec is not valid"


class BrokenImage(Refused):
    """The image starts well and cannot be decoded."""

    status = 422
    slug = "broken-image"
    title = "The image cannot be decoded"


class TooManyPixels(Refused):
    """The image is larger than the limit."""

    status = 422
    slug = "too-many-pixels"
    title = "The image has too many pixels"


class TooFast(Refused):
    """One client asks for more than its share."""

    status = 429
    slug = "too-fast"
    title = "Too many requests"
    default_retry_after = 1.0


class Unable(Problem):
    """The caller did nothing wrong."""


class Busy(Unable):
    """Every place is taken; `Retry-After` says when one is expected."""

    status = 503
    slug = "busy"
    title = "All places are taken"
    default_retry_after = 1.0


class NotReady(Unable):
    """The worker has not warmed up, or is being restarted."""

    status = 503
    slug = "not-ready"
    title = "Not ready yet"
    default_retry_after = 1.0


class SetAside(Unable):
    """Workers died over the very same work; for a while it is not tried again."""

    status = 503
    slug = "set-aside"
    title = "Set aside"
    default_retry_after = 300.0


class Damaged(Unable):
    """The disk no longer has the records that were written."""

    status = 503
    slug = "damaged-records"
    title = "The records are damaged"
    default_retry_after = 60.0


class NoRoom(Unable):
    """The disk is full."""

    status = 507
    slug = "no-room"
    title = "No room to keep the job"


def echo(value: object) -> str:
    """A caller's value as a message may quote it: short, on one line, printable."""
    if isinstance(value, str):
        return repr(value) if len(value) <= _ECHO else f"{value[:_ECHO]!r}..."
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 128:
        return "a huge number"  # Python refuses to print more than 4300 digits
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    return "null" if value is None else repr(value)[:_ECHO]
