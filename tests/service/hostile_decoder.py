"""The real decoder process, with files that make it do what a hole in a codec could."""

import os
import signal
import time
from pathlib import Path

from PIL.ImageFile import ImageFile

from service.pictures import decoder, formats
from service.pictures.decoder_messages import Header

CRASH, HANG, SPIN, BLOAT, WRITE = b"CRASH", b"HANG", b"SPIN", b"BLOAT", b"WRITE"
KILLED = b"KILLED"  # the folder that tells the times, how often, and the file
SLOW = b"SLOW"  # seconds, and the file that takes them
LATER = b"LATER "  # before any of them: only when it comes to the pixels

_open_image = formats.open_image
_plain_inspect = decoder.inspect


def _open(data: bytes, max_pixels: int) -> ImageFile:
    kind, _, argument = data.removeprefix(LATER).partition(b" ")
    if kind == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == KILLED:
        folder, times, data = argument.split(b" ", 2)
        number = len(os.listdir(folder))
        if number < int(times):
            os.mkdir(folder + b"/%d" % number)
            os.kill(os.getpid(), signal.SIGKILL)
    if kind == HANG:
        time.sleep(1000)
    if kind == SPIN:
        while True:
            pass
    if kind == BLOAT:
        bytearray(8 << 30)
    if kind == WRITE:
        Path(os.fsdecode(argument)).write_bytes(bytes(100))
    if kind == SLOW:
        seconds, _, data = argument.partition(b" ")
        time.sleep(float(seconds))
    return _open_image(data, max_pixels)


def _inspect(file: bytes, max_pixels: int) -> Header:
    if file.startswith(LATER):
        return Header(format="PNG", width=48, height=32)
    return _plain_inspect(file, max_pixels)


if __name__ == "__main__":
    formats.open_image = _open
    decoder.inspect = _inspect
    decoder.main()
