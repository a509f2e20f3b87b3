"""What a POST brings: an image and the text of its spec, as a form or as a raw image body."""

import re
from pathlib import PurePosixPath
from typing import Any

import trio
from quart import Request
from quart.datastructures import FileStorage
from werkzeug.datastructures import MultiDict

from service.jobs.orders import Upload
from service.problems import UnsupportedFormat, echo
from service.spec.reading import bad_spec

_RAW = re.compile(r"image/.+|application/octet-stream")
_HOW = (
    "send multipart/form-data with the image as target, or the image itself with its own "
    "Content-Type, such as image/png"
)
_NAME_LENGTH = 80  # characters of a file name that are kept

Files = MultiDict[str, FileStorage]
Fields = MultiDict[str, str]


async def read_upload(request: Request) -> Upload:
    """Read the body to its end.

    Raises:
        Malformed, UploadTooSlow, BodyTooLarge: the body cannot be read.
        UnsupportedFormat: neither a form nor an image.
        BadSpec: no target, two of them, or parts that do not belong there.
    """
    kind = request.mimetype.lower()
    if kind == "multipart/form-data":
        files, form = await request.files, await request.form
        _check_parts(files, form)
        target = files["target"]
        # Parts are kept in memory; this one is lent, not copied.
        image = target.stream.getbuffer()  # type: ignore[attr-defined]
        return _upload(request, image, target.filename or "", files, form)
    if _RAW.fullmatch(kind):
        body: Any = await request.get_data(cache=False)  # bytes: `as_text` is for text
        return _upload(request, body, "", MultiDict(), MultiDict())
    raise UnsupportedFormat(f"The body is {echo(kind) if kind else 'of no stated type'}; {_HOW}.")


def _upload(
    request: Request, image: bytes | memoryview, filename: str, files: Files, form: Fields
) -> Upload:
    arrived = trio.current_time()
    pairs = [*form.items(multi=True), *request.args.items(multi=True)]
    return Upload(
        image=image,
        name=_stem(filename),
        pairs=[(name, text) for name, text in pairs if name not in ("spec", "source")],
        spec_json=_spec(files, pairs),
        has_source="source" in files or any(name == "source" for name, _ in pairs),
        arrived=arrived,
    )


def _spec(files: Files, pairs: list[tuple[str, str]]) -> bytes | None:
    """The JSON, which may be a file part, a field or a query parameter."""
    # Half of a surrogate pair has no UTF-8; whoever reads the JSON says so.
    specs = [text.encode(errors="surrogatepass") for name, text in pairs if name == "spec"]
    specs += [part.read() for part in files.getlist("spec")]
    if len(specs) > 1:
        raise bad_spec([("spec", "is given twice")])
    return specs[0] if specs else None


def _check_parts(files: Files, form: Fields) -> None:
    wrong = {}
    if "target" in form:
        wrong["target"] = "must be a file part with a file name, not a field"
    elif "target" not in files:
        wrong["target"] = "is missing; send the image as a file part of this name"
    for name in files:
        if name not in ("target", "source", "spec"):
            wrong[name] = "is not a file that is taken; the name of the image is target"
        elif len(files.getlist(name)) > 1:
            wrong[name] = "is given twice; a request takes one"
    if wrong:
        raise bad_spec(wrong.items())


def _stem(filename: str) -> str:
    stem = PurePosixPath(filename.replace("\\", "/")).stem
    return "".join(c for c in stem if c.isprintable())[:_NAME_LENGTH].strip(". ")
