"""`itten job KIND`: a job whose answer is data, here or at a service.

Exit status as that of `itten shade`: a partial answer is an answer, with a warning.
"""

import argparse
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import trio

from service.client.errors import ClientError
from service.commands.data_places import Answered, on_this_machine
from service.commands.data_remote import Asked, at_service
from service.commands.files import read_input
from service.commands.local import local_settings
from service.commands.options import DEADLINE_S, MAX_DEADLINE_S
from service.commands.work_file import WorkFile
from service.commands.writing import CommandError, refuse_existing, write_file, write_stream
from service.exits import complain, first_reason
from service.jobs.data_orders import data_order
from service.jobs.jobs import is_job_id
from service.jobs.orders import digest
from service.jobs.store import StoreError
from service.jobs.work_keys import work_key
from service.link.worker_link import WorkerUnusable
from service.pictures.decoder_process import File
from service.problems import Problem
from service.settings import KEY, Settings, SettingsError
from service.spec.data import parse_data
from service.spec.reading import bad_spec, read_value
from worker.wire.jobs import KINDS
from worker.wire.jobs.kind import Part

_MOST = 1 << 30  # bytes of a part
_ENDINGS = ("json", "npz", "png")


@dataclass(frozen=True)
class DataTask:
    """One job, and where its answer goes."""

    asked: Asked
    output: str | None
    overwrite: bool

    @property
    def ending(self) -> str:
        """What is written."""
        return "json" if self.output is None else Path(self.output).suffix.removeprefix(".")


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        task = read_task(options)
        if options.url is not None:
            key = (options.key or os.environ.get(KEY, "")).strip() or None
            answered = at_service(options.url, key, task.asked, task.ending)
        else:
            answered = _on_this_machine(task, local_settings(options.device))
        return _written(task, answered)
    except (CommandError, SettingsError) as error:
        return complain(str(error), 2)
    except ClientError as error:
        return complain(error.detail, 2 if error.mendable else 1)
    except Problem as problem:
        return complain(problem.detail, 2 if problem.status < 500 else 1)
    except (StoreError, OSError, WorkerUnusable) as error:
        return complain(first_reason(error), 1)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def read_task(options: argparse.Namespace) -> DataTask:
    """The task of a command line; raises CommandError, BadSpec."""
    kind = KINDS[options.kind]
    said = {part: getattr(options, part.name) for part in kind.parts}
    files: dict[str, File] = {
        part.name: _part(part, text) for part, text in said.items() if text is not None
    }
    goes_on = options.url is not None and options.resume is not None
    if goes_on and not is_job_id(options.resume):
        raise CommandError("--resume takes the id of a job with --url")
    if goes_on and files:
        raise CommandError(f"--resume: the service has it; leave --{next(iter(files))} out")
    missing = [part for part in kind.parts if part.required and part.name not in files]
    if missing and not goes_on:
        raise CommandError(f"say --{missing[0].name}: {missing[0].about}")
    asked = Asked(kind.name, _params(options.param), files, options.deadline, options.resume)
    task = DataTask(asked, options.output, options.overwrite)
    if task.ending not in _ENDINGS:
        raise CommandError(f"{options.output}: the ending must be one of {', '.join(_ENDINGS)}")
    if task.ending == "png" and kind.picture is None:
        raise CommandError(f"{options.output}: {kind.name} has no picture; write json or npz")
    if options.output is not None and not options.overwrite:
        refuse_existing(Path(options.output), "-o")
    return task


def _on_this_machine(task: DataTask, settings: Settings) -> Answered:
    """Run it; what is left of a partial job is kept where `--resume` says."""
    kind, params, files, deadline_s, resume = task.asked
    values = {"params": params, "deadline_s": DEADLINE_S if deadline_s is None else deadline_s}
    order = data_order(parse_data(kind, values, MAX_DEADLINE_S), files, "", 0.0)
    if resume is None:
        order = replace(order, keep_work=False)
        return until_signal(on_this_machine, settings, order, task.ending)
    work_file = WorkFile(Path(resume), work_key(digest(order)))
    order = replace(order, work=work_file.read())
    answered = until_signal(on_this_machine, settings, order, task.ending)
    if answered.left:
        work_file.write(answered.left)
        return answered._replace(resume=resume)
    if answered.state == "complete":
        work_file.remove()
    return answered


def until_signal(work: Any, *arguments: Any) -> Answered:
    """Run it in trio; what is in a group of exceptions is raised by itself."""
    try:
        answered: Answered = trio.run(work, *arguments)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from group
    return answered


def _written(task: DataTask, answered: Answered) -> int:
    if task.output is None:
        write_stream(answered.file + b"\n")
    else:
        path = Path(task.output)
        write_file(path, answered.file, overwrite=task.overwrite, option="-o")
    if answered.state == "partial":
        said = f"{task.asked.kind}: partial, {answered.done} of {answered.total}"
        further = f"; --resume {answered.resume} goes on from here" if answered.resume else ""
        complain(said + further, 0)
    return 0


def _params(given: Sequence[str]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for each in given:
        name, separator, text = each.partition("=")
        if not separator or name in params:
            raise CommandError(f"--param {each}: say NAME=VALUE, each name once")
        try:
            params[name] = read_value(text.encode())
        except Problem:
            params[name] = text
    return params


def _part(part: Part, text: str) -> bytes:
    """A file; or JSON; or of a graph the name of a generator."""
    if part.sort != "image" and text.lstrip().startswith(("{", "[")):
        return text.encode()
    if part.sort == "graph" and text.isidentifier() and not Path(text).exists():
        return json.dumps({"generator": text}).encode()
    try:
        return read_input(text, _MOST)
    except UnicodeError as error:
        raise bad_spec([(part.name, str(error))]) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="itten job", description="A job whose answer is data.", allow_abbrev=False
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind in KINDS.values():
        command = kinds.add_parser(kind.name, help=kind.about, description=kind.about)
        for part in kind.parts:
            command.add_argument(f"--{part.name}", metavar="FILE", help=part.about)
        command.add_argument(
            "--param", action="append", default=[], metavar="NAME=VALUE", help=_names(kind.params)
        )
        _add_common(command)
    return parser


def _add_common(command: argparse.ArgumentParser) -> None:
    """What every command of such a job takes."""
    command.add_argument("-o", "--output", metavar="FILE", help="json, npz or png by its ending")
    command.add_argument("--overwrite", action="store_true", help="replace files that are there")
    command.add_argument(
        "--deadline",
        type=float,
        metavar="S",
        help=f"seconds until the answer; {DEADLINE_S:g}, or what a service says",
    )
    command.add_argument("--device", help="auto, cuda or cpu of this machine")
    command.add_argument("--url", help="by the service at this address")
    command.add_argument("--key", help=f"of that service; else {KEY} of the environment")
    command.add_argument(
        "--resume",
        metavar="FILE",
        help="what is left is kept there, and gone on from; with --url the id of a partial job",
    )


def _names(params: Any) -> str:
    return "any of " + ", ".join(params.__struct_fields__) + "; see /docs of a service"
