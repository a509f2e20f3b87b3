"""`itten shade` and `itten field`: one job from a command line, here or at a service.

Exit status: 0 when there is an answer, whole or partial; 1 when there is none through no fault of
the caller's; 2 when the caller can mend it; 128 and the signal's number when a signal ended it.
"""

import os
import signal
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, closing
from typing import NamedTuple

import trio

from service.client.documents import JobDocument
from service.client.errors import ClientError, is_mendable
from service.commands.bars import printable
from service.commands.local import local_settings, open_local
from service.commands.options import Kind, parse_options
from service.commands.progress import Bar
from service.commands.task import Task, read_task
from service.commands.telling import missing, summary
from service.commands.watching import Watcher
from service.commands.work import Work
from service.commands.writing import CommandError
from service.exits import complain, first_reason
from service.jobs.jobs import JobState
from service.jobs.store import StoreError
from service.link.worker_link import WorkerUnusable
from service.problems import BadSpec, Conflict, Problem
from service.settings import KEY, Settings, SettingsError

_MOST_SENT = 1 << 30  # bytes; the service has a limit of its own


def main(kind: Kind, arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    options = parse_options(kind, arguments)
    try:
        if options.url is not None:
            key = (options.key or os.environ.get(KEY, "")).strip()
            place = _Remote(options.url, key or None)
            return _run(read_task(kind, options, _MOST_SENT), place)
        settings = local_settings(options.device)
        return _run(read_task(kind, options, settings.max_body_bytes), settings)
    except (SettingsError, CommandError, ClientError) as error:
        return complain(str(error), 2)
    except BadSpec as problem:
        return complain(problem.detail, 2)


class _Remote(NamedTuple):
    """A service elsewhere."""

    url: str
    key: str | None


def _run(task: Task, where: Settings | _Remote) -> int:
    try:
        return trio.run(_until_signal, task, _opened(task, where))
    except* WorkerUnusable as group:
        status = complain(first_reason(group), 2)
    except* (OSError, StoreError) as group:
        status = complain(first_reason(group), 1)
    except* KeyboardInterrupt:  # before signals were looked after
        status = 128 + signal.SIGINT
    return status


def _opened(task: Task, where: Settings | _Remote) -> AbstractAsyncContextManager[Work]:
    if isinstance(where, _Remote):
        from service.client.calls import check_url, checked_key  # late: httpx takes its time
        from service.commands.remote import open_remote

        check_url(where.url)
        return open_remote(where.url, where.key and checked_key(where.key), task)
    return open_local(where, task)


async def _until_signal(task: Task, opened: AbstractAsyncContextManager[Work]) -> int:
    """Do it, unless a signal comes first; what was started is ended in any case."""
    status = 0
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def watch() -> None:
                nonlocal status
                status = 128 + await anext(signals)
                nursery.cancel_scope.cancel()

            with closing(Bar(task.target, quiet=task.quiet)) as bar:
                nursery.start_soon(bar.keep_drawing)
                async with opened as work:
                    status = await _answered(work, task, bar)
            nursery.cancel_scope.cancel()
    return status


async def _answered(work: Work, task: Task, bar: Bar) -> int:
    """The exit status of a task; its problems end here, before a nursery wraps them."""
    try:
        job, resume = await _worked(work, task, bar)
    except (CommandError, ClientError, Problem, OSError) as error:
        bar.close()
        return _complain_of(error, task)
    bar.close()
    _tell_end(job, task, resume)
    return 0


async def _worked(work: Work, task: Task, bar: Bar) -> tuple[JobDocument, str | None]:
    """Compute, and write all that there is; returns also what `--resume` takes to go on."""
    watcher = Watcher(work, bar, task.pass_files)
    job = await work.run(watcher)
    if job.problem is not None:
        raise Problem(str(job.problem.get("detail")))
    if job.state is JobState.CANCELLED:
        raise Conflict(f"The job has been cancelled: {job.status_reason}.")
    await watcher.save_passes(job.progress.passes_done)
    resume = await work.leave() if job.state is JobState.PARTIAL else None
    file = await work.answer(task.output.as_format)
    await trio.to_thread.run_sync(task.output.write, file)
    if task.work_file is not None and job.state is JobState.COMPLETE:
        await trio.to_thread.run_sync(task.work_file.remove)
    return job, resume


def _complain_of(error: CommandError | ClientError | Problem | OSError, task: Task) -> int:
    """Say what went wrong, under the name of the file that it is wrong with."""
    if isinstance(error, CommandError):
        return complain(str(error), 2)
    if isinstance(error, OSError):
        return complain(f"{error.filename or task.output.name}: {error.strerror or error}", 1)
    detail = printable(error.detail)
    mendable = (
        is_mendable(error.status, error.slug) if isinstance(error, Problem) else error.mendable
    )
    return complain(_named(detail, task) if error.slug else detail, 2 if mendable else 1)


def _named(detail: str, task: Task) -> str:
    """What is wrong, under the name of the file that it is wrong with."""
    for role, name in (("target: ", task.target), ("source: ", task.source)):
        if name is not None and detail.startswith(role):
            return f"{name}: {detail.removeprefix(role)}"
    return f"{task.target}: {detail}"


def _tell_end(job: JobDocument, task: Task, resume: str | None) -> None:
    lacking = missing(job, resume)
    if lacking:
        complain(f"{task.target}: {printable(lacking)}", 0)
    elif not task.quiet:
        complain(f"{task.output.name}: {printable(summary(job))}", 0)
