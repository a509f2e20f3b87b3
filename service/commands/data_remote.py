"""A job whose answer is data, at a service."""

from contextlib import closing
from typing import Any, NamedTuple

import msgspec

from service.client.errors import ClientError
from service.client.pictures import ImageFile
from service.client.sync_jobs import Job
from service.client.synchronous import Itten
from service.commands.data_places import Answered
from service.commands.remote import BUSY_S
from service.commands.writing import CommandError
from service.jobs.events import Terminal
from service.pictures.decoder_process import File


class Asked(NamedTuple):
    """What a service is asked for; it knows what is wrong with it."""

    kind: str
    params: dict[str, Any]
    files: dict[str, File]
    deadline_s: float | None
    resume: str | None  # the id of the job that it goes on from


def at_service(url: str, key: str | None, asked: Asked, ending: str) -> Answered:
    """Have a service do it; left by an exception, it cancels the job.

    Raises:
        CommandError: the job to go on from is of another kind.
        ClientError: it refuses, or cannot be reached, or the job has failed.
    """
    patience_s = min(BUSY_S, asked.deadline_s or BUSY_S)
    with Itten(url, key, patience_s=patience_s) as itten, _started(itten, asked) as job:
        document: dict[str, Any] = {}
        with closing(job.events()) as events:
            for event in events:
                if isinstance(event, Terminal):
                    document = event.document
        answer = job.answer()
        file = _json(document, answer.result) if ending == "json" else job.read(_format(ending))
        resume = job.id if job.document.links.get("resume") else ""
        return Answered(file, str(answer.status), *answer.done, resume=resume)


def _started(itten: Itten, asked: Asked) -> Job:
    """The job, new or going on from another."""
    if asked.resume is None:
        parts = {name: ImageFile(name, bytes(file)) for name, file in asked.files.items()}
        return itten.start(asked.kind, asked.params, deadline_s=asked.deadline_s, **parts)
    earlier = itten.job(asked.resume)
    if earlier.document.kind != asked.kind:
        raise CommandError(f"--resume {asked.resume}: is a job of {earlier.document.kind}")
    params: dict[str, Any] = {"params": asked.params} if asked.params else {}
    return earlier.resume(asked.deadline_s, **params)


def _json(document: dict[str, Any], result: dict[str, Any]) -> bytes:
    return msgspec.json.encode(document | {"result": result})


def _format(ending: str) -> Any:
    if ending not in ("npz", "png"):
        raise ClientError(f"an answer is json, npz or png, not {ending}")
    return ending
