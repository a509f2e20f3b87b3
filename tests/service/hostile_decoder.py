"""The real decoder process, with files that make it do what a hole in a codec could."""

import os
import signal
import time
from pathlib import Path

from PIL.ImageFile import ImageFile

from service.pictures import decoder, formats

CRASH, HANG, SPIN, BLOAT, WRITE = b"CRASH", b"HANG", b"SPIN", b"BLOAT", b"WRITE"

_open_image = formats.open_image
decoder.CPU_S = 1


def _open(data: bytes, max_pixels: int) -> ImageFile:
    kind, _, argument = data.partition(b" ")
    if kind == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == HANG:
        time.sleep(1000)
    if kind == SPIN:
        while True:
            pass
    if kind == BLOAT:
        bytearray(8 << 30)
    if kind == WRITE:
        Path(os.fsdecode(argument)).write_bytes(bytes(100))
    return _open_image(data, max_pixels)


if __name__ == "__main__":
    formats.open_image = _open
    decoder.main()
