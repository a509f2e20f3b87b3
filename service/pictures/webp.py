"""Large WebP files, written in a process of their own: `python -m service.pictures.webp`.

Pillow takes a picture over without letting other threads of Python go on: 12 megapixels stop the
event loop for 85 ms. The process ends with the service: its input ends then.
"""

import atexit
import io
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any

from PIL import Image, WebPImagePlugin  # noqa: F401 - the plugin for its effect

from service.pictures.picture import Picture

ARGV = (sys.executable, "-P", "-m", "service.pictures.webp")
# 12 megapixels: 0.3 s; Pillow's default method 4 takes four times as long and saves 15 %.
QUALITY, METHOD = 90, 1
_SHAPE, _LENGTH = struct.Struct("<III"), struct.Struct("<Q")


class WebpProcess:
    """The process, started when first needed and again when it is lost; one picture at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def encode(self, picture: Picture) -> bytes:
        """Return the picture as a file; in this process when the other one is lost over it."""
        with self._lock:
            try:
                return self._exchange(picture)
            except (OSError, EOFError):
                self._end()
                return encode_here(picture)

    def close(self) -> None:
        """End the process, and with it what it is asked for; for the end of this one."""
        self._end()

    def _exchange(self, picture: Picture) -> bytes:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own
                ARGV, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        _write(self._process.stdin.fileno(), _SHAPE.pack(*picture.shape))
        _write(self._process.stdin.fileno(), picture.pixels)
        (length,) = _LENGTH.unpack(_read(self._process.stdout, _LENGTH.size))
        return bytes(_read(self._process.stdout, length))

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(OSError):  # what was not written
                self._process.__exit__(None, None, None)
            self._process = None


def encode_here(picture: Picture) -> bytes:
    """Return the picture as a file."""
    file = io.BytesIO()
    pixels: Any = picture.pixels  # any buffer will do; Pillow's annotation knows fewer
    image = Image.frombuffer(picture.mode, picture.shape[:2], pixels, "raw", picture.mode, 0, 1)
    try:
        image.save(file, "WEBP", quality=QUALITY, method=METHOD)
    except ValueError:  # noise of 16 megapixels is more than a lossy file has room for
        file = io.BytesIO()
        image.save(file, "WEBP", lossless=True, quality=0, method=0)
    return file.getvalue()


def main() -> None:
    """Write what is asked for, until the input ends."""
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            width, height, channels = _SHAPE.unpack(_read(sys.stdin.buffer, _SHAPE.size))
            pixels = _read(sys.stdin.buffer, width * height * channels)
            file = encode_here(Picture(width, height, channels, memoryview(pixels)))
            _write(sys.stdout.fileno(), _LENGTH.pack(len(file)) + file)


def _write(fd: int, data: bytes | memoryview) -> None:
    rest = memoryview(data).cast("B")
    while rest:
        rest = rest[os.write(fd, rest) :]


def _read(file: IO[bytes], size: int) -> bytearray:
    data = bytearray(size)
    room = memoryview(data)
    while room:
        count = file.readinto(room)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        room = room[count:]
    return data


WEBP = WebpProcess()
atexit.register(WEBP.close)

if __name__ == "__main__":
    main()
