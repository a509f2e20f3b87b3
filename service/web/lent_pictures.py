"""Pictures of one job that another one works on: `{"job": ID}`, or with a channel of its field."""

from typing import Any

import trio

from service.jobs import eigenvectors, results
from service.jobs.desk import Desk
from service.pictures.decoder_process import File
from service.pictures.encode import encode
from service.problems import Refused, echo
from service.spec.reading import bad_spec, read_value
from service.web.callers import find_job, turn
from service.web.data_uploads import DataUpload
from worker.wire.jobs import KINDS

MOST_REFERENCE = 4096  # bytes
CHANNELS = range(1, 5)
_FORM = 'must be a file part, or {"job": ID}, with "channel": 1 to 4 for a vector of its field'


async def with_pictures(desk: Desk, upload: DataUpload) -> DataUpload:
    """The upload, with pictures where there were references to jobs of the caller's.

    Raises:
        BadSpec: a reference that is none.
        UnknownJob, NoLongerKept, NoResultYet, Conflict: there is no such picture.
    """
    images = [part.name for part in KINDS[str(upload.kind)].parts if part.sort == "image"]
    lent: dict[str, File] = {}
    for name in images:
        file = upload.files.get(name, b"")
        if bytes(file[:1]) in (b"{", b'"', b"[", b"n"):
            lent[name] = await _picture(desk, name, bytes(file[:MOST_REFERENCE]))
    return upload._replace(files=upload.files | lent)


async def _picture(desk: Desk, name: str, text: bytes) -> bytes:
    try:
        reference: Any = read_value(text)
    except Refused:
        raise bad_spec([(name, _FORM)]) from None
    if not isinstance(reference, dict) or not isinstance(reference.get("job"), str):
        raise bad_spec([(name, f"{_FORM}, not {echo(reference)}")])
    channel = reference.get("channel")
    known = channel is None or (type(channel) is int and channel in CHANNELS)
    if not known or reference.keys() - {"job", "channel"}:
        raise bad_spec([(name, _FORM)])
    job = await find_job(desk, reference["job"])
    async with turn(desk):
        if channel is None:
            shown = await results.result(desk, job)
        else:
            shown = await eigenvectors.eigenvector(desk, job, channel)
        return await trio.to_thread.run_sync(encode, shown.picture, "png")
