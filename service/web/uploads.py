"""What a POST brings: images and the text of their spec, as a form, or one raw image body."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import trio
from quart import Request
from quart.datastructures import FileStorage
from werkzeug.datastructures import MultiDict

from service.jobs.orders import Upload
from service.pictures.decoder_process import File
from service.problems import UnsupportedFormat, echo
from service.spec.reading import bad_spec

_RAW = re.compile(r"image/.+|application/octet-stream")
_HOW = (
    "send multipart/form-data with the image as target, or the image itself with its own "
    "Content-Type, such as image/png"
)
_IMAGES = ("target", "source")
_NAME_LENGTH = 80  # characters of a file name that are kept

Files = MultiDict[str, FileStorage]
Fields = MultiDict[str, str]


async def read_upload(request: Request) -> Upload:
    """Read the body to its end.

    Raises:
        Malformed, UploadTooSlow, BodyTooLarge: the body cannot be read.
        UnsupportedFormat: neither a form nor an image.
        BadSpec: no target, two of one kind, or parts that do not belong there.
    """
    kind = request.mimetype.lower()
    if kind == "multipart/form-data":
        files, form = await request.files, await request.form
        _check_parts(files, [*form, *request.args])
        return _upload(request, lent(files["target"]), files, form)
    if _RAW.fullmatch(kind):
        if wrong := _no_files(request.args):
            raise bad_spec(wrong.items())
        body: Any = await request.get_data(cache=False)  # bytes: `as_text` is for text
        return _upload(request, memoryview(body), MultiDict(), MultiDict())
    raise UnsupportedFormat(f"The body is {echo(kind) if kind else 'of no stated type'}; {_HOW}.")


def _upload(request: Request, image: File, files: Files, form: Fields) -> Upload:
    arrived = trio.current_time()
    pairs = [*form.items(multi=True), *request.args.items(multi=True)]
    return Upload(
        image=image,
        source=lent(files["source"]) if "source" in files else None,
        name=stem(files["target"].filename or "") if "target" in files else "",
        pairs=[(name, text) for name, text in pairs if name != "spec"],
        spec_json=spec_part(files, pairs),
        arrived=arrived,
    )


def lent(part: FileStorage) -> File:
    """The bytes of a part, which are kept in memory: not copied."""
    buffer: memoryview = part.stream.getbuffer()  # type: ignore[attr-defined]
    return buffer


def spec_part(
    files: Files, pairs: list[tuple[str, str]], body: bytes | None = None
) -> bytes | None:
    """The JSON, which may be a file part, a field, a query parameter or the body.

    Raises:
        BadSpec: it is there twice.
    """
    # Half of a surrogate pair has no UTF-8; whoever reads the JSON says so.
    specs = [text.encode(errors="surrogatepass") for name, text in pairs if name == "spec"]
    specs += [part.read() for part in files.getlist("spec")]
    specs += [] if body is None else [body]
    if len(specs) > 1:
        raise bad_spec([("spec", "is given twice")])
    return specs[0] if specs else None


def _check_parts(files: Files, fields: Iterable[str]) -> None:
    wrong = _no_files(fields)
    if "target" not in files:
        wrong.setdefault("target", "is missing; send the image as a file part of this name")
    for name in files:
        if name not in (*_IMAGES, "spec"):
            wrong[name] = "is not a file that is taken; an image is the target, or the source"
        elif len(files.getlist(name)) > 1:
            wrong[name] = "is given twice; a request takes one"
    if wrong:
        raise bad_spec(wrong.items())


def _no_files(fields: Iterable[str]) -> dict[str, str]:
    """Images that came as text."""
    text = "must be a file part with a file name, not a field"
    return {name: text for name in fields if name in _IMAGES}


def stem(filename: str) -> str:
    """What a job is called by the name of its file."""
    stem = PurePosixPath(filename.replace("\\", "/")).stem
    return "".join(c for c in stem if c.isprintable())[:_NAME_LENGTH].strip(". ")
