"""The command `itten`: serve, worker, shade, field, job, texture, key, health.

Exit status: 0 when all went well, 1 when it did not, 2 when what was asked for cannot work.
"""

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Literal

from service.access.keys import KeysError
from service.commands.health import report
from service.commands.key import add_key_command, print_new_key
from service.exits import complain, first_reason
from service.settings import PREFIX, Settings, SettingsError

_KINDS: tuple[Literal["shade", "field"], ...] = ("shade", "field")
_OVERRIDES = ("host", "port", "device", "data")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # while it was starting
        return 128 + signal.SIGINT


def _run(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] == "worker":  # with a command line of its own
        _become_worker(arguments[1:])
    for kind in _KINDS:
        if arguments and arguments[0] == kind:  # the same
            from service.commands.running import main as run_command  # late, as in `_serve`

            return run_command(kind, arguments[1:])
    if arguments and arguments[0] in ("job", "texture"):
        return _run_data(arguments[0], arguments[1:])
    options = _parser().parse_args(arguments)
    if options.command == "key":
        return print_new_key(options.name, options.scopes)
    try:
        settings = Settings.from_env(_environment(options))
    except SettingsError as error:
        return complain(str(error), 2)
    if options.command == "health":
        return report(options.url or _own_url(settings))
    if options.show_settings:
        print(settings.show())
        return 0
    return _serve(settings)


def _run_data(command: str, arguments: Sequence[str]) -> int:
    from service.commands import data, texture  # late, as in `_serve`

    return {"job": data.main, "texture": texture.main}[command](arguments)


def _serve(settings: Settings) -> int:
    # Late, as this takes a third of a second and `--help` need not wait.
    import trio

    from service.jobs.store import StoreError
    from service.link.worker_link import WorkerUnusable
    from service.logs import configure_logs
    from service.running import run_service

    configure_logs(settings)
    for note in settings.warnings():
        complain(f"WARNING: {note}", 0)
    try:
        return trio.run(run_service, settings)
    except* (KeysError, StoreError, OSError, WorkerUnusable) as group:
        reason = first_reason(group)
    return complain(reason, 2)


def _become_worker(arguments: Sequence[str]) -> None:
    """Be replaced by the worker: this package does not import it, nor torch."""
    command = [sys.executable, "-P", "-m", "worker", *arguments]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own module


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="itten", description="Shades images by the spectrum of their own graph, by a deadline."
    )
    parser.add_argument("--version", action="version", version=f"itten {version('itten')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="start the service and its worker")
    for name in _OVERRIDES:
        serve.add_argument(f"--{name}", help=f"instead of {PREFIX}{name.upper()}")
    serve.add_argument("--show-settings", action="store_true", help="print the settings and leave")
    commands.add_parser("worker", help="start a worker alone; see `itten worker --help`")
    for kind, about in (("shade", "shade a picture"), ("field", "compute the field of a picture")):
        commands.add_parser(kind, help=f"{about}; see `itten {kind} --help`")
    commands.add_parser("job", help="a job whose answer is data; see `itten job --help`")
    commands.add_parser("texture", help="a texture as files; see `itten texture --help`")
    add_key_command(commands)
    health = commands.add_parser("health", help="say whether a service is ready, in a line")
    health.add_argument(
        "--url",
        help="where it is, as the settings say when not given; or a worker, as in ITTEN_WORKERS",
    )
    return parser


def _environment(options: argparse.Namespace) -> Mapping[str, str]:
    """The environment, with what the command line says instead."""
    given = {name: getattr(options, name, None) for name in _OVERRIDES}
    spoken = {PREFIX + name.upper(): text for name, text in given.items() if text is not None}
    return {**os.environ, **spoken}


def _own_url(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


if __name__ == "__main__":
    sys.exit(main())
