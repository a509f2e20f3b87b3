"""A service of Itten from Python, blocking or with async and await (on trio and asyncio).

with Itten("http://127.0.0.1:8000") as itten:
    shaded = itten.shade("photo.png", passes=2, deadline_s=5)
    shaded.save("out.png")
    print(shaded.status, shaded.passes, shaded.tiles)

    with itten.submit("shade", "photo.png", passes=4) as job:
        for event in job.events():
            print(event.type)
    rest = job.resume(deadline_s=5) if job.document.state == "partial" else job
    rest.result().save("out.webp")

    answer = itten.compute("graph.expand", {"radius": 3}, graph={"generator": "territory"})
    print(answer.status, answer.result["lambda2"][:3], answer.arrays()["ball_size"].max())

`AsyncItten` has the same methods, to be awaited. All errors are `ClientError`, but for files that
cannot be read or written, which raise OSError.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from service.client.async_jobs import AsyncAnswer, AsyncJob, AsyncResult
    from service.client.asynchronous import AsyncItten
    from service.client.documents import JobDocument
    from service.client.errors import ClientError, ServiceError, Unreachable
    from service.client.fields import FieldFields, Phase, ShadeFields
    from service.client.pictures import ImageFile, Picture
    from service.client.results import Count
    from service.client.sync_jobs import Answer, Job, Result
    from service.client.synchronous import Itten
    from service.jobs.events import (
        Accepted,
        Cancelled,
        Complete,
        Event,
        Failed,
        Partial,
        Pass,
        Patch,
        Snapshot,
        Started,
        Terminal,
        Tiles,
    )

_FROM: Final = {
    "service.client.async_jobs": ("AsyncAnswer", "AsyncJob", "AsyncResult"),
    "service.client.asynchronous": ("AsyncItten",),
    "service.client.documents": ("JobDocument",),
    "service.client.errors": ("ClientError", "ServiceError", "Unreachable"),
    "service.client.fields": ("FieldFields", "Phase", "ShadeFields"),
    "service.client.pictures": ("ImageFile", "Picture"),
    "service.client.results": ("Count",),
    "service.client.sync_jobs": ("Answer", "Job", "Result"),
    "service.client.synchronous": ("Itten",),
    "service.jobs.events": (
        *("Accepted", "Cancelled", "Complete", "Event", "Failed", "Partial"),
        *("Pass", "Patch", "Snapshot", "Started", "Terminal", "Tiles"),
    ),
}
_MODULES: Final = {name: module for module, names in _FROM.items() for name in names}

__all__ = [
    "Accepted",
    "Answer",
    "AsyncAnswer",
    "AsyncItten",
    "AsyncJob",
    "AsyncResult",
    "Cancelled",
    "ClientError",
    "Complete",
    "Count",
    "Event",
    "Failed",
    "FieldFields",
    "ImageFile",
    "Itten",
    "Job",
    "JobDocument",
    "Partial",
    "Pass",
    "Patch",
    "Phase",
    "Picture",
    "Result",
    "ServiceError",
    "ShadeFields",
    "Snapshot",
    "Started",
    "Terminal",
    "Tiles",
    "Unreachable",
]


def __getattr__(name: str) -> object:
    # Lazily: a command without a URL needs the documents in here, and not the time of httpx.
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
