"""Work that workers died over: for a while the same is refused, so that it costs no others."""

from service.problems import SetAside

SECONDS = SetAside.default_retry_after or 0.0
_MOST = 1000  # digests that are remembered
_DETAIL = "Two workers died over this work; change the image or an option, or come back later."


class Aside:
    """Digests of such work, in memory only."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, digest: str, now: float) -> None:
        """Set work aside, at this time of the caller's clock in seconds."""
        self._until.pop(digest, None)
        self._until[digest] = now + SECONDS
        for oldest in list(self._until)[:-_MOST]:
            del self._until[oldest]

    def check(self, digest: str, now: float) -> None:
        """Let pass what was not set aside.

        Raises:
            SetAside: it was; when to come back.
        """
        left_s = self._until.get(digest, now) - now
        if left_s > 0:
            raise set_aside(left_s)


def set_aside(seconds: float = SECONDS) -> SetAside:
    """The problem of such work."""
    return SetAside(_DETAIL, retry_after=seconds)
