"""`itten key new`: makes a key; nothing of it is kept here."""

import argparse
import sys
from typing import TYPE_CHECKING

from service.access.keys import KeysError, Scope, new_key, read_scopes
from service.exits import complain

if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_ABOUT = """\
Make an API key. Standard output has its line for the file of ITTEN_API_KEYS_FILE, standard error
the key itself, which is shown this once and kept nowhere:

  itten key new alice >> keys
"""
_SCOPES = (
    "by comma: submit (start, resume, cancel and remove jobs), read (see them), admin (everything,"
    " the jobs of all, and /metrics); submit,read when not given"
)


def add_key_command(commands: "_Commands") -> None:
    """Put `key` beside the other commands."""
    key = commands.add_parser("key", help="make an API key")
    verbs = key.add_subparsers(dest="verb", required=True, metavar="new")
    new = verbs.add_parser(
        "new", description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    new.add_argument("name", metavar="NAME", help="whose jobs they are that it starts and sees")
    new.add_argument("--scopes", type=_scopes, default="submit,read", help=_SCOPES)


def print_new_key(name: str, scopes: frozenset[Scope]) -> int:
    """Make a key and print it; returns the exit status."""
    try:
        text, key = new_key(name, scopes)
    except KeysError as error:
        return complain(str(error), 2)
    print(key.line(), flush=True)
    print(f"itten: the key of {name}, shown this once: {text}", file=sys.stderr)
    return 0


def _scopes(text: str) -> frozenset[Scope]:
    try:
        return read_scopes(text)
    except KeysError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
