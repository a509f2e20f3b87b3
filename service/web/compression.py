"""The page over slow lines: text as gzip, where the caller takes that."""

import functools
import gzip

from quart import Request, Response

_TEXTS = frozenset(
    {"text/html", "text/css", "text/javascript", "application/json", "image/svg+xml"}
)
_WORTH = 1000  # bytes; fewer fit in one packet as they are


async def compressed(request: Request, response: Response) -> Response:
    """The same answer, as gzip if it is text and the caller takes that."""
    if response.mimetype not in _TEXTS:
        return response
    response.headers.add("Vary", "Accept-Encoding")
    # A part of a file is a part of what its tag names, not of this.
    if response.status_code != 200 or request.accept_encodings.quality("gzip") <= 0:
        return response
    data = await response.get_data(as_text=False)
    if len(data) < _WORTH:
        return response
    response.set_data(_gzip(data))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)  # other bytes, the same meaning
    return response


@functools.lru_cache(maxsize=128)
def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
