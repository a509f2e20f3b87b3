"""Which representation an `Accept` header asks for."""

from typing import get_args

from quart import Request

from service.pictures.encode import Format
from service.problems import NotAcceptable, echo

JSON, NPZ, EVENTS = "application/json", "application/x-npz", "text/event-stream"
IMAGES: dict[str, Format] = {f"image/{name}": name for name in get_args(Format)}


def choose(request: Request, *offers: str) -> str:
    """The offer that the caller likes best, the first where all are the same to it.

    Raises:
        NotAcceptable: none of the offers is accepted; the detail names them.
    """
    accepted = request.accept_mimetypes
    if not accepted:
        return offers[0]
    # Each offer has the quality of the most specific range that covers it (RFC 9110, 12.5.1).
    qualities = [accepted.quality(offer) for offer in offers]
    best = max(qualities)
    if best <= 0:
        asked = echo(request.headers.get("Accept", ""))
        raise NotAcceptable(f"Accept is {asked}; this call can answer with {', '.join(offers)}.")
    return offers[qualities.index(best)]
