"""What a command line asks for, checked as far as it can be without a worker or a service."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from service.commands.files import STREAM, Output, PassFiles, read_input, stem
from service.commands.options import DEADLINE_S, MAX_DEADLINE_S, Kind, given_fields
from service.commands.work_file import WorkFile
from service.commands.writing import CommandError
from service.jobs.orders import Order, Upload, digest, field_order, shade_order
from service.jobs.work_keys import work_key

_MAKERS = {"shade": shade_order, "field": field_order}


@dataclass(frozen=True)
class Task:
    """One job: its pictures and fields, and where its results go."""

    kind: Kind
    target: str
    source: str | None
    fields: list[tuple[str, str]]  # of the spec, those that were given
    order: Order  # the same, checked, with the pictures' bytes
    output: Output
    pass_files: PassFiles | None
    quiet: bool
    resume: str | None  # a file, or at a service the id of a job
    work_file: WorkFile | None  # on this machine


def read_task(kind: Kind, options: argparse.Namespace, most: int) -> Task:
    """The task of a command line; its pictures are read, up to `most` bytes of each.

    Raises:
        CommandError: a file that cannot be read, or a place that cannot be written to.
        BadSpec: fields that are wrong.
    """
    options.overwrite |= _goes_on(options)  # what an earlier run wrote may be replaced
    target = options.target or f"job {options.resume}"
    output = Output.chosen(
        kind, target, options.output, options.format, overwrite=options.overwrite
    )
    options.format = output.as_format  # from which fields may follow
    fields = given_fields(kind, options)
    order = _order(kind, fields, has_source=options.source is not None)
    if output.as_format == "svg" and not order.is_drawing:
        raise CommandError("svg is for line drawings: say --render contours, or write another")
    pass_files = _pass_files(options, order)
    output.check()
    if pass_files is not None:
        pass_files.check()
        pass_files.check_apart(output.name)
    source = None if options.source is None else read_input(options.source, most)
    image = b"" if options.target is None else read_input(options.target, most)
    order = replace(order, image=image, source=source)
    work_file = _work_file(options, order)
    order = replace(
        order, work=work_file.read() if work_file else b"", keep_work=work_file is not None
    )
    return Task(
        kind=kind,
        target=target,
        source=options.source,
        fields=fields,
        order=order,
        output=output,
        pass_files=pass_files,
        quiet=options.quiet,
        resume=options.resume,
        work_file=work_file,
    )


def _goes_on(options: argparse.Namespace) -> bool:
    """Whether there is an earlier result that this one takes the place of."""
    return options.resume is not None and (options.url is not None or Path(options.resume).exists())


def _work_file(options: argparse.Namespace, order: Order) -> WorkFile | None:
    if options.resume is None or options.url is not None:
        return None
    path = Path(options.resume)
    named = (options.target, options.source, options.output)
    if path.resolve() in {Path(each).resolve() for each in named if each not in (None, STREAM)}:
        raise CommandError(f"{path}: is a picture of this command; say another file for --resume")
    return WorkFile(path, work_key(digest(order)))


def _order(kind: Kind, fields: list[tuple[str, str]], *, has_source: bool) -> Order:
    pairs = {"deadline_s": str(DEADLINE_S)} | dict(fields)
    upload = Upload(
        image=b"",
        source=b"" if has_source else None,
        name="",
        pairs=list(pairs.items()),
        spec_json=None,
        arrived=0.0,
    )
    return _MAKERS[kind](upload, MAX_DEADLINE_S)


def _pass_files(options: argparse.Namespace, order: Order) -> PassFiles | None:
    if options.save_passes is None:
        return None
    directory = Path(options.save_passes)
    return PassFiles(
        directory, stem(options.target or options.resume), order.passes, options.overwrite
    )
