"""What bad input gets: the right answer, or a problem that says what to change."""

import struct
import zlib
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.e2e.pictures import drawing, packed, photograph, unpacked

PHOTO = photograph(48, 40)


def animated() -> bytes:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green")]
    return packed(frames[0], "GIF", save_all=True, append_images=frames[1:])


def bomb() -> bytes:
    """A small PNG that says it is 60000 x 60000."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x" * 99)


def turned() -> bytes:
    exif = Image.Exif()
    exif[274] = 6  # to be turned by 90 degrees
    return packed(PHOTO, "JPEG", exif=exif)


def with_profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return packed(PHOTO, "PNG", icc_profile=profile)


GOOD: dict[str, tuple[bytes, tuple[int, int]]] = {
    "1 x 1": (packed(Image.new("RGB", (1, 1), "teal")), (1, 1)),
    "1 x 300": (packed(PHOTO.resize((1, 300))), (1, 300)),
    "one colour": (packed(Image.new("RGB", (70, 50), "teal")), (70, 50)),
    "16-bit": (packed(Image.fromarray(np.arange(1600, dtype=np.uint16).reshape(40, 40))), (40, 40)),
    "palette": (packed(PHOTO.quantize(16)), PHOTO.size),
    "CMYK": (packed(PHOTO.convert("CMYK"), "JPEG"), PHOTO.size),
    "EXIF-rotated": (turned(), PHOTO.size[::-1]),
    "ICC profile": (with_profile(), PHOTO.size),
    "animated GIF": (animated(), (40, 30)),
    "ink on nothing": (packed(drawing(60, 50, transparent=True)), (60, 50)),
    "WebP": (packed(PHOTO, "WEBP"), PHOTO.size),
    "TIFF": (packed(PHOTO, "TIFF"), PHOTO.size),
    "BMP": (packed(PHOTO, "BMP"), PHOTO.size),
}


@pytest.mark.parametrize(("body", "size"), GOOD.values(), ids=GOOD)
async def test_an_odd_picture_is_shaded(
    client: httpx.AsyncClient, body: bytes, size: tuple[int, int]
):
    files = {"target": ("picture", body)}
    answer = await client.post("/shade", files=files, data={"passes": "1"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["itten-status"] == "complete"
    assert unpacked(answer.content).shape[1::-1] == size
    field = await client.post("/field", files=files)
    assert field.status_code == 200, field.text
    assert unpacked(field.content).shape == (*size[::-1], 3)


BAD: dict[str, tuple[bytes, dict[str, str], int]] = {
    "not an image": (b"hello, world", {}, 415),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", {}, 415),
    "truncated": (packed(PHOTO)[:500], {}, 422),
    "truncated JPEG": (packed(PHOTO, "JPEG")[:300], {}, 422),
    "zero bytes": (b"", {}, 422),
    "too many pixels": (bomb(), {}, 422),
    "unknown field": (packed(PHOTO), {"colour": "red"}, 422),
    "out of range": (packed(PHOTO), {"passes": "99"}, 422),
    "NaN": (packed(PHOTO), {"effect_strength": "NaN"}, 422),
    "bad JSON": (packed(PHOTO), {"spec": "{passes: 4}"}, 400),
    "deadline of 0": (packed(PHOTO), {"deadline_s": "0"}, 422),
    "deadline of 61": (packed(PHOTO), {"deadline_s": "61"}, 422),
    "no such value": (packed(PHOTO), {"scope": "both"}, 422),
}


@pytest.mark.parametrize(("body", "fields", "status"), BAD.values(), ids=BAD)
async def test_bad_input_is_told_what_to_change(
    client: httpx.AsyncClient, body: bytes, fields: dict[str, str], status: int
):
    for path in ("/shade", "/field"):
        answer = await client.post(path, files={"target": ("picture", body)}, data=fields)
        _assert_problem(answer, status)


async def test_bad_forms_are_told_what_to_change(client: httpx.AsyncClient):
    part = ("target", ("p.png", packed(PHOTO)))
    _assert_problem(await client.post("/shade", files=[part, part]), 422)
    _assert_problem(await client.post("/shade", files={"other": part[1]}), 422)
    _assert_problem(await client.post("/shade"), 415)
    headers = {"Content-Type": "multipart/form-data"}
    _assert_problem(await client.post("/shade", content=b"x", headers=headers), 400)


def _assert_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["detail"]
    assert "Traceback" not in answer.text
