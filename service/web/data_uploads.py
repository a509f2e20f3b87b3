"""What a POST brings for a job whose answer is data: its parts, and its spec."""

from typing import Any, NamedTuple

import msgspec
import trio
from quart import Request

from service.jobs.data_orders import DataOrder, data_order
from service.pictures.decoder_process import File
from service.pictures.images import Decoders
from service.problems import BadSpec, BrokenImage, Refused, echo
from service.spec.data import parse_data
from service.spec.reading import bad_spec, read_json, read_value
from service.web.uploads import Fields, Files, lent, spec_part, stem
from worker.wire.jobs import KINDS

SPEC = ("kind", "params", "deadline_s")
MOST_SPEC = 1 << 18  # bytes of a member of these, as JSON


class DataUpload(NamedTuple):
    """Parts and spec as they came; only the form is checked."""

    values: dict[str, Any]  # of the spec, `kind` among them
    files: dict[str, File]
    name: str
    arrived: float  # by trio's clock

    @property
    def kind(self) -> str | None:
        """The kind, if it is one whose answer is data."""
        return str(self.values["kind"]) if _is_data(self.values.get("kind")) else None


async def read_members(request: Request, decoders: Decoders) -> DataUpload:
    """The body, which is a JSON object: what is not of the spec are parts.

    Raises:
        Malformed, UploadTooSlow, BodyTooLarge: the body cannot be read.
        BadSpec: it is no object.
    """
    body: Any = await request.get_data(cache=False)
    arrived, whole = trio.current_time(), memoryview(body)
    try:
        members = await decoders.members(whole)
    except BadSpec as problem:
        raise bad_spec([("spec", problem.detail)]) from problem
    except BrokenImage as problem:
        raise bad_spec([("spec", "takes too much time or memory; send less")]) from problem
    found = {each.name: whole[each.begin : each.end] for each in members}
    files: dict[str, File] = {name: text for name, text in found.items() if name not in SPEC}
    values = _values(found)
    _add_query(values, request)
    return DataUpload(values, files, "", arrived)


def read_form(request: Request, files: Files, form: Fields) -> DataUpload | None:
    """The parts of a form, whose spec may be a part of its own, or fields; None of another kind.

    Raises:
        Malformed: JSON that is none.
        BadSpec: something is given twice.
    """
    arrived = trio.current_time()
    pairs = [*form.items(multi=True), *request.args.items(multi=True)]
    spec_json = spec_part(files, pairs)
    for each in files.getlist("spec"):
        each.stream.seek(0)  # it may be read again
    values = {} if spec_json is None else read_json(spec_json)
    if not any(_is_data(text) for text in (values.get("kind"), dict(pairs).get("kind"))):
        return None
    wrong: dict[str, str] = {}
    for name, text in pairs:
        if name in values:
            wrong[name] = "is given twice"
        elif name != "spec":
            values[name] = text if name == "kind" else form_value(name, text)
    parts: dict[str, File] = {name: lent(files[name]) for name in files if name != "spec"}
    for name in [*values]:
        if name not in SPEC:  # a part that is in the spec
            if name in parts:
                wrong[name] = "is given twice"
            parts[name] = msgspec.json.encode(values.pop(name))
    wrong |= {name: "is given twice" for name in files if len(files.getlist(name)) > 1}
    if wrong:
        raise bad_spec(wrong.items())
    names = [files[name].filename or "" for name in files if name != "spec"]
    return DataUpload(values, parts, stem(names[0]) if names else "", arrived)


def order_of(upload: DataUpload, max_deadline_s: float) -> DataOrder:
    """The order of an upload of a kind whose answer is data.

    Raises:
        BadSpec: names every field and part that is wrong.
    """
    assert upload.kind is not None
    rest = {name: value for name, value in upload.values.items() if name != "kind"}
    parts = {part.name: part for part in KINDS[upload.kind].parts}
    wrong = {
        name: f"is not taken by {upload.kind}; it takes {', '.join(parts) or 'no parts'}"
        for name in upload.files
        if name not in parts
    }
    for name, part in parts.items():
        if part.required and name not in upload.files:
            wrong[name] = f"is missing. {part.about}"
    if wrong:
        raise bad_spec(wrong.items())
    spec = parse_data(upload.kind, rest, max_deadline_s)
    return data_order(spec, upload.files, upload.name, upload.arrived)


def _is_data(kind: object) -> bool:
    return isinstance(kind, str) and kind in KINDS


def _values(members: dict[str, memoryview]) -> dict[str, Any]:
    too_long = [name for name in SPEC if len(members.get(name, b"")) > MOST_SPEC]
    if too_long:
        raise bad_spec([(name, f"is longer than {MOST_SPEC >> 10} KiB") for name in too_long])
    return {name: read_value(bytes(members[name])) for name in SPEC if name in members}


def _add_query(values: dict[str, Any], request: Request) -> None:
    """What the address has of the spec beside a body that is JSON; raises BadSpec."""
    wrong: dict[str, str] = {}
    for name, text in request.args.items(multi=True):
        if name in values:
            wrong[name] = "is given twice"
        elif name not in SPEC:
            wrong[name] = f"is not taken in the address; {', '.join(SPEC)} are"
        else:
            values[name] = text if name == "kind" else form_value(name, text)
    if wrong:
        raise bad_spec(wrong.items())


def form_value(name: str, text: str) -> Any:
    """A field of a form as the value that JSON would hold; raises BadSpec."""
    try:
        return read_value(text.encode())
    except (Refused, UnicodeError):
        raise bad_spec([(name, f"must be JSON, not {echo(text)}")]) from None
