"""The command lines of `itten shade` and `itten field`: an option for each field of the spec."""

import argparse
import sys
from collections.abc import Sequence
from typing import Final, Literal, NoReturn

from service.commands.option_texts import ABOUT, FORMATS, field_help, metavar
from service.jobs.jobs import is_job_id
from service.settings import KEY
from service.spec.specs import FieldSpec, ShadeSpec, Spec

Kind = Literal["shade", "field"]
DEADLINE_S: Final = 60.0  # nobody else waits for this worker
MAX_DEADLINE_S: Final = 3600.0
_MODELS: Final[dict[Kind, type[Spec]]] = {"shade": ShadeSpec, "field": FieldSpec}
_FIRST: Final = {  # in the help, with other names than those of the spec
    "mode": (),
    "passes": ("-p",),
    "quality": ("-q",),
    "max_side": (),
    "deadline_s": ("--deadline",),
}
_DEADLINE: Final = (
    "Seconds until the answer, which is the picture as far as it is by then."
    f" Up to {MAX_DEADLINE_S:g}, default {DEADLINE_S:g}; with --url as the service has it."
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say it in one line."""
        print(f"itten: {message}; see `{self.prog} --help`", file=sys.stderr)
        sys.exit(2)


def parse_options(kind: Kind, arguments: Sequence[str]) -> argparse.Namespace:
    """The options; those that are fields of the spec are text, or None where not given."""
    parser = _parser(kind)
    options = parser.parse_intermixed_args(arguments)
    if options.url is not None and options.device is not None:
        parser.error("--device belongs to the worker of this machine; a service has its own")
    if options.url is None and options.explain is not None:
        parser.error("--explain is kept by a service: say --url too")
    if options.url is None and options.key is not None:
        parser.error("--key is for a service: say --url too")
    if options.url is not None and options.resume is not None:
        if not is_job_id(options.resume):
            parser.error("--resume takes the id of a job with --url")
        if options.target is None and options.output is None:
            parser.error("-o is missing: without TARGET there is no name to go by")
    elif options.target is None:
        parser.error("the following arguments are required: TARGET")
    if options.target == "-" and options.output is None:
        parser.error("-o is missing: what comes from standard input has no name to go by")
    if options.target == options.source == "-":
        parser.error("standard input is one picture, not both")
    return options


def given_fields(kind: Kind, options: argparse.Namespace) -> list[tuple[str, str]]:
    """Name and text of every field of the spec that was given, or follows from the format."""
    pairs = [(name, getattr(options, name)) for name in _MODELS[kind].model_fields]
    given = {name: text for name, text in pairs if text is not None}
    if options.format == "svg":
        given.setdefault("render", "contours")
    return list(given.items())


def _parser(kind: Kind) -> argparse.ArgumentParser:
    about = ABOUT[kind]
    parser = _Parser(
        prog=f"itten {kind}",
        usage=about.usage,
        description=about.description,
        epilog=about.examples,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "target", metavar="TARGET", nargs="?", help="image file; - is standard input"
    )
    if kind == "shade":
        parser.add_argument(
            "source", metavar="SOURCE", nargs="?", help="image file that strokes are taken from"
        )
    _add_output(parser, kind)
    _add_place(parser)
    _add_fields(parser, kind)
    parser.set_defaults(source=None, save_passes=None, explain=None)
    return parser


def _add_output(parser: argparse.ArgumentParser, kind: Kind) -> None:
    group = parser.add_argument_group("what is written")
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help=f"its ending is one of {', '.join(FORMATS[kind])}; - is standard output;"
        f" TARGET-{ABOUT[kind].suffix}.png in this directory when not given",
    )
    group.add_argument(
        "--format", choices=FORMATS[kind], help="instead of what the ending says; png without one"
    )
    if kind == "shade":
        group.add_argument(
            "--save-passes",
            metavar="DIR",
            help="also write DIR/TARGET-pass-1.png and so on, each when it is done",
        )
    group.add_argument(
        "--overwrite", action="store_true", help="replace files that exist, instead of refusing"
    )
    group.add_argument(
        "--quiet", action="store_true", help="say nothing but errors and what is missing"
    )


def _add_place(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where it is computed")
    group.add_argument(
        "--device", help="auto, cuda or cpu of this machine, instead of what ITTEN_DEVICE says"
    )
    group.add_argument("--url", help="by the service at this address, such as http://host:8000")
    group.add_argument(
        "--key",
        help=f"for a service that asks for one; better {KEY} in the environment: others can see"
        " command lines",
    )
    group.add_argument(
        "--resume",
        metavar="FILE|JOB",
        help="go on from what a partial result left: in FILE, which is written when the result is"
        " partial and removed when it is complete; with --url, at the service, from this job",
    )


def _add_fields(parser: argparse.ArgumentParser, kind: Kind) -> None:
    schemas = _MODELS[kind].model_json_schema()["properties"]
    group = parser.add_argument_group(ABOUT[kind].fields)
    below = parser.add_argument_group("the field that drives it") if kind == "shade" else group
    for name in sorted(schemas, key=lambda name: name not in _FIRST):
        flags = (*_FIRST.get(name, ()), f"--{name.replace('_', '-')}")
        text = _DEADLINE if name == "deadline_s" else field_help(schemas[name])
        if kind == "field" and name in ("mode", "passes"):
            text = argparse.SUPPRESS  # taken, as by the service, so that both kinds take the same
        drives = name not in _FIRST and name in FieldSpec.model_fields and name != "background"
        (below if drives else group).add_argument(
            *flags, dest=name, metavar=metavar(schemas[name]), help=text
        )
