"""The decoder process: hostile files in, plain pixels out, under limits of its own.

`python -m service.pictures.decoder --fd N` speaks service.pictures.decoder_messages over the
inherited socket N. It writes to nothing else: files are limited to 0 bytes. A crash, a hang or a
bomb costs this process, never the service.
"""

import argparse
import contextlib
import os
import resource
import signal
import socket
import sys
import warnings
from collections.abc import Iterable
from typing import NoReturn

from PIL import Image

from service.pictures import decoder_parts, formats, srgb
from service.pictures.decoder_messages import (
    Decode,
    Decoded,
    Header,
    Inspect,
    Read,
    Ready,
    Refused,
    Rows,
    Split,
    ToDecoder,
)
from service.problems import BrokenImage, Problem
from worker.wire.framing import FrameDecoder, encode
from worker.wire.messages import Message

PIECE = 1 << 20  # bytes to a read, and about as many to a `Rows`
HEADER_CPU_S = 0.2  # processor seconds; a header takes a millisecond
CPU_S, CPU_S_PER_PIXEL = 0.5, 0.3e-6  # ten times what the slowest of honest pictures take
PART_CPU_S = 10.0  # the largest graph
MEMORY = 256 << 20  # bytes above the process's own, for the file, its metadata and tables
PIXELS_OF_A_PART = 50_000_000  # 2 GB: the largest graph, as text
MEMORY_PER_PIXEL = 40  # bytes: an animated RGBA WebP with profile and orientation needs most, 30


def main() -> NoReturn:
    """Run until the service closes the socket."""
    parser = argparse.ArgumentParser(prog="python -m service.pictures.decoder")
    parser.add_argument("--fd", type=int, required=True, help="inherited socket")
    connection = socket.socket(fileno=parser.parse_args().fd)
    confine()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        serve(connection)
    sys.exit(0)


def confine() -> None:
    """Give up, for good, what decoding does not need."""
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))


def serve(connection: socket.socket) -> None:
    """Answer requests until the other side closes."""
    own_memory = address_space()
    frames = FrameDecoder[ToDecoder](ToDecoder)
    send(connection, Ready())
    # What libtiff has to say about a broken file is of no use in the service's log.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    while data := connection.recv(PIECE):
        for request, file in frames.feed(data):
            limit(own_memory, request)
            for message, payload in answer(request, file):
                send(connection, message, payload)
            limit_cpu(0)  # until the next file is here


def answer(request: ToDecoder, file: bytes) -> Iterable[tuple[Message, bytes]]:
    """Return the messages that answer one request; what is wrong with the file is one of them."""
    if isinstance(request, Split | Read):
        return decoder_parts.answer(request, file)
    try:
        if isinstance(request, Inspect):
            return [(inspect(file, request.max_pixels), b"")]
        return rows(decode(file, request))
    except Problem as problem:
        return [(Refused(problem=problem.slug, detail=problem.detail), b"")]
    except Exception as error:  # on hostile files Pillow raises anything at all
        return [(Refused(problem=BrokenImage.slug, detail=broken(error)), b"")]


def inspect(file: bytes, max_pixels: int) -> Header:
    """Read the header of a file."""
    width, height = formats.upright_size(formats.open_image(file, max_pixels))
    return Header(format=formats.sniff(file), width=width, height=height)


def decode(file: bytes, request: Decode) -> Image.Image:
    """Return the first picture of a file, upright sRGB, RGB or RGBA."""
    image = formats.open_image(file, request.max_pixels)
    target = srgb.fit(image.size, request.max_side)
    if target != image.size:  # a JPEG can leave out resolution that the resampling does not need
        image.draft(None, (2 * target[0], 2 * target[1]))
    image.load()
    turned = srgb.upright(image)
    picture = srgb.to_srgb(turned)
    return srgb.shrink(picture, srgb.fit(picture.size, request.max_side))


def rows(picture: Image.Image) -> Iterable[tuple[Message, bytes]]:
    """Yield the picture's pixels in pieces: 14 ms for 12 megapixels, 180 ms in a single one."""
    channels = len(picture.mode)
    yield Decoded(width=picture.width, height=picture.height, channels=channels), b""
    height = max(1, PIECE // (picture.width * channels))
    for top in range(0, picture.height, height):
        bottom = min(top + height, picture.height)
        yield Rows(), picture.crop((0, top, picture.width, bottom)).tobytes()


def broken(error: Exception) -> str:
    """Say in words of ours what Pillow says, which may be about its own innards."""
    if isinstance(error, MemoryError):
        return "Decoding the image needs more memory than its size justifies."
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return "The image ends before it is complete; send the whole file."
    return "The image is damaged and cannot be decoded; open it in a viewer and save it again."


def limit(own_memory: int | None, request: ToDecoder) -> None:
    """Set what the next file may use; beyond it memory raises, and processor time kills."""
    if own_memory is not None:
        memory = own_memory + MEMORY + MEMORY_PER_PIXEL * most_pixels(request)
        resource.setrlimit(resource.RLIMIT_AS, (memory, resource.RLIM_INFINITY))
    limit_cpu(processor_s(request))


def processor_s(request: ToDecoder) -> float:
    """Return the seconds of processor time that a file may take."""
    if isinstance(request, Inspect):
        return HEADER_CPU_S
    if isinstance(request, Decode):
        return CPU_S + CPU_S_PER_PIXEL * request.max_pixels
    return PART_CPU_S


def limit_cpu(seconds: float) -> None:
    """End this process when it has used so much processor time from now on; 0: do not."""
    signal.setitimer(signal.ITIMER_PROF, seconds)  # RLIMIT_CPU counts whole seconds only


def most_pixels(request: ToDecoder) -> int:
    """Return how many pixels a file may have, or what takes as much memory."""
    return PIXELS_OF_A_PART if isinstance(request, Split | Read) else request.max_pixels


def address_space() -> int | None:
    """Return the bytes of address space now in use, None on systems that do not tell."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return None


def send(connection: socket.socket, message: Message, payload: bytes = b"") -> None:
    """Write one frame."""
    for buffer in encode(message, payload):
        connection.sendall(buffer)


if __name__ == "__main__":
    main()
