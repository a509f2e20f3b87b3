"""One job from a command line: the worker and the decoders of the service, and no server.

Exit status: 0 when there is an answer, whole or partial; 1 when there is none through our fault;
2 when the caller can mend it; 128 and the signal's number when a signal ended it.
"""

import os
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import trio

from service.commands.files import CommandError, output_format, read_input, write_output
from service.commands.options import MAX_DEADLINE_S, Kind, given_fields, parse_options
from service.commands.progress import ProgressLine, missing, summary
from service.exits import complain, first_reason
from service.jobs import results
from service.jobs.desk import Desk
from service.jobs.live_job import LiveJob
from service.jobs.orders import Order, Upload, Wanted, field_order, shade_order
from service.jobs.store import StoreError
from service.link.worker_link import WorkerUnusable
from service.logs import configure_logs
from service.parts import open_parts
from service.problems import BadSpec, NotReady, Problem, Refused
from service.settings import PREFIX, Settings, SettingsError
from service.spec.fields import rgb

READY_S = 150.0  # for a worker on a cold disk
_WANTED: dict[str, Wanted] = {
    "png": "png",
    "webp": "webp",
    "jpg": "jpeg",
    "npz": "npz",
    "svg": "svg",
    "json": "document",
}
_MAKERS = {"shade": shade_order, "field": field_order}


@dataclass(frozen=True)
class Task:
    """What a command line asks for, checked as far as it can be without a worker."""

    order: Order
    source: str
    output: str
    quiet: bool


def main(kind: Kind, arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    options = parse_options(kind, arguments)
    spoken = {} if options.device is None else {f"{PREFIX}DEVICE": options.device}
    try:
        settings = Settings.from_env({**os.environ, **spoken})
        options.format = output_format(kind, options.output, options.format)
        order = _order(kind, given_fields(kind, options), options.format)
        image = read_input(options.input, settings.max_body_bytes)
    except (SettingsError, CommandError) as error:
        return complain(str(error), 2)
    except BadSpec as problem:
        return complain(problem.detail, 2)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    task = Task(replace(order, image=image), options.input, options.output, options.quiet)
    return _run(task, settings)


def _order(kind: Kind, pairs: list[tuple[str, str]], as_format: str) -> Order:
    upload = Upload(image=b"", name="", pairs=pairs, spec_json=None, has_source=False, arrived=0.0)
    order = _MAKERS[kind](upload, MAX_DEADLINE_S)
    if as_format == "svg" and not order.is_drawing:
        raise CommandError("svg is for line drawings: say --render contours, or write another")
    return replace(order, wanted=_WANTED[as_format])


def _run(task: Task, settings: Settings) -> int:
    if settings.log_level == "info":
        settings = replace(settings, log_level="warning")
    configure_logs(settings)
    try:
        with tempfile.TemporaryDirectory(prefix="itten-") as directory:
            apart = replace(settings, data=Path(directory), max_deadline_s=MAX_DEADLINE_S)
            return trio.run(_until_signal, task, apart)
    except* WorkerUnusable as group:
        status = complain(first_reason(group), 2)
    except* (OSError, StoreError) as group:
        status = complain(first_reason(group), 1)
    except* KeyboardInterrupt:  # before signals were looked after
        status = 128 + signal.SIGINT
    return status


async def _until_signal(task: Task, settings: Settings) -> int:
    """Do it, unless a signal comes first; what was started is ended in any case."""
    status = 0
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def watch() -> None:
                nonlocal status
                status = 128 + await anext(signals)
                nursery.cancel_scope.cancel()

            async with open_parts(settings) as desk:
                status = await _answered(desk, task)
            nursery.cancel_scope.cancel()
    return status


async def _answered(desk: Desk, task: Task) -> int:
    """The exit status of a task; its problems end here, before a nursery wraps them."""
    line = ProgressLine(task.source, quiet=task.quiet)
    try:
        live = await _computed(desk, task, line)
        file = await _file(desk, live, task.order)
        await trio.to_thread.run_sync(write_output, task.output, file)
    except Problem as problem:
        line.clear()
        theirs = isinstance(problem, Refused)
        return complain(f"{task.source}: {problem.detail}", 2 if theirs else 1)
    except OSError as error:
        line.clear()
        return complain(f"{task.output}: {error.strerror or error}", 1)
    line.clear()
    _tell_end(live, task)
    return 0


async def _computed(desk: Desk, task: Task, line: ProgressLine) -> LiveJob:
    line.say("waiting for the worker")
    # What is wrong with the file shows before the worker is warm. Its device decides the limit.
    desk.decoders.max_pixels = desk.settings.pixel_limit("cuda")
    await desk.decoders.header(task.order.image)
    with trio.move_on_after(READY_S) as patience:
        await desk.link.wait_ready()
    if patience.cancelled_caught:
        raise NotReady(f"no worker is ready after {READY_S:g} s; the lines above may say why")
    live = await desk.accept(replace(task.order, arrived=trio.current_time()))
    if line.shown:
        with desk.listen(live.record) as mailbox:
            async for envelope in mailbox:
                line.hear(envelope.event, live.record.progress.passes_total)
    await live.settled.wait()
    if live.record.problem is not None:
        raise Problem(live.record.problem["detail"])
    return live


async def _file(desk: Desk, live: LiveJob, order: Order) -> bytes | Path:
    """The answer as bytes, or where it lies."""
    job = live.record
    if order.wanted == "document":
        document = {name: value for name, value in job.document().items() if name != "links"}
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    if order.wanted == "npz":
        return await results.field_npz(desk, job)
    if order.wanted == "svg":
        return await results.drawing_svg(desk, job)
    shown = await results.result(desk, job)
    return await trio.to_thread.run_sync(
        desk.prices.encode, shown.picture, order.wanted, rgb(job.background)
    )


def _tell_end(live: LiveJob, task: Task) -> None:
    lacking = missing(live.record)
    if lacking:
        complain(f"{task.source}: {lacking}", 0)
    elif not task.quiet:
        complain(f"{task.output}: {summary(live.record)}", 0)
