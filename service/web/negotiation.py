"""Which representation an `Accept` header asks for."""

from collections.abc import Sequence
from typing import get_args

from quart import Request

from service.pictures.encode import Format
from service.problems import NotAcceptable, echo

JSON, NPZ, EVENTS = "application/json", "application/x-npz", "text/event-stream"
SVG = "image/svg+xml"
IMAGES: dict[str, Format] = {f"image/{name}": name for name in get_args(Format)}
_NO_LINES = (
    f"Only a line drawing can be had as {SVG}: ask for render contours, or accept image/png."
)


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


def choose_for(request: Request, offers: Sequence[str], *, drawing: bool) -> str:
    """As `choose`, where only a line drawing can be had as SVG.

    Raises:
        NotAcceptable: also when SVG of something else is all that is accepted.
    """
    if drawing or SVG not in offers:
        return choose(request, *offers)
    try:
        return choose(request, *(offer for offer in offers if offer != SVG))
    except NotAcceptable:
        if request.accept_mimetypes.quality(SVG) > 0:
            raise NotAcceptable(_NO_LINES) from None
        raise
