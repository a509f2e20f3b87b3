"""What earlier work belongs to: a job goes on from that of the same images and options only."""

import re
from importlib.metadata import version

_KEY = re.compile(rb"itten \S+ [0-9a-f]{64}")


def work_key(digest: str) -> bytes:
    """What a file of work is marked with, for a job of this digest.

    Another version may compute otherwise: its work would not lead to what one job comes to.
    """
    return f"itten {version('itten')} {digest}".encode()


def is_work_key(mark: bytes) -> bool:
    """Whether a file with this mark holds work of some job."""
    return _KEY.fullmatch(mark) is not None
