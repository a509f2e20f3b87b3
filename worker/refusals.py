"""What msgspec says of a value that is none of its type, in words for whoever sent it."""

import re
import typing
from typing import Any, NamedTuple

import msgspec

_NOUNS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "array": "a list",
    "object": "an object",
}
_BOUNDS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
_TYPES = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_BOUND = re.compile(r"Expected `(?:int|float)` (>=|<=|>|<) (\S+)")
_LENGTH = re.compile(r"Expected `array` of length (>=|<=|) ?(\d+)(?:, got (\d+))?")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_PATTERN = re.compile(r"Expected `str` matching regex '(.*)'")
_CHOICE = re.compile(r"Invalid enum value (.*)", re.DOTALL)


class Refusal(NamedTuple):
    """What is wrong, and where."""

    place: str  # below what was read, as in `.edges.src[2]`; empty: all of it
    message: str


def refusal(error: msgspec.ValidationError, kind: Any) -> Refusal:
    """The first thing that is wrong with a value that was to be of this type."""
    text, *rest = re.split(r" - at `(key` in `)?\$", str(error), maxsplit=1)
    within, place = (rest[0], rest[1].rstrip("`")) if rest else (None, "")
    if found := _TYPES.fullmatch(text):
        return Refusal(place, f"must be {_nouns(found[1])}, not {_nouns(found[2])}")
    if found := _BOUND.fullmatch(text):
        return Refusal(place, f"must be {_BOUNDS[found[1]]} {float(found[2]):.7g}")
    if found := _LENGTH.fullmatch(text):
        many = f"{_BOUNDS[found[1]]} {found[2]}" if found[1] else found[2]
        return Refusal(place, f"must have {many} items{f', not {found[3]}' if found[3] else ''}")
    if found := _UNKNOWN.fullmatch(text):
        return Refusal(f"{place}.{found[1]}", f"is not known{_known(_at(kind, place))}")
    if found := _MISSING.fullmatch(text):
        return Refusal(f"{place}.{found[1]}", "is missing")
    if found := _PATTERN.fullmatch(text):
        pattern = found[1].replace("\\\\", "\\").removeprefix("\\A").removesuffix("\\Z")
        return Refusal(place, f"{'a name in it ' if within else ''}must match {pattern}")
    if found := _CHOICE.fullmatch(text):
        return Refusal(place, f"must be one of {_choices(_at(kind, place))}, not {found[1]}")
    return Refusal(place, f"cannot be taken: {text}")


def _nouns(types: str) -> str:
    return " or ".join(_NOUNS.get(each, each) for each in types.split(" | "))


def _at(kind: Any, place: str) -> Any:
    """The type of a member of a struct, or of a member of one of its members."""
    for name in re.findall(r"\.(\w+)", place):
        structs = [each for each in _leaves(kind) if hasattr(each, "__struct_fields__")]
        kind = next((typing.get_type_hints(each)[name] for each in structs), None)
    return kind


def _known(kind: Any) -> str:
    names = [n for each in _leaves(kind) for n in getattr(each, "__struct_fields__", ())]
    return f"; there are {', '.join(names)}" if names else ""


def _choices(kind: Any) -> str:
    return ", ".join(str(each) for each in _leaves(kind) if isinstance(each, str | int))


def _leaves(kind: Any) -> list[Any]:
    """What a type is made of: classes and the values of literals."""
    parts = typing.get_args(kind)
    return [leaf for part in parts for leaf in _leaves(part)] if parts else [kind]
