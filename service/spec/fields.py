"""The models of a request: the fields of `worker.wire.config`, and what only a service needs.

A default or a range is changed there, a description in `service.spec.descriptions`.
"""

import functools
import operator
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from service.spec import descriptions
from worker.wire.config import FieldConfig, ShadeConfig, field_types
from worker.wire.phases import PhaseConfig

M = TypeVar("M", bound=BaseModel)
_RANGE = ("ge", "le", "min_length", "max_length", "pattern")


def _whole(value: object) -> object:
    """JSON has one kind of number: 4.0 is the whole number 4."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_WHOLE = BeforeValidator(_whole)


class Strict(BaseModel):
    """What all models of a request share: nothing unknown, nothing converted, nothing infinite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Spec(Strict):
    """The fields that every kind takes and no worker sees."""

    mode: Literal["self", "cross"] | None = Field(
        None,
        description="Where strokes come from: self, the image; cross, a second one, sent as source."
        " When not given, cross with a source and self without.",
    )
    max_side: Annotated[int, Field(ge=64, le=8192), _WHOLE] | None = Field(
        None,
        description="Longer side in pixels that a larger image is shrunk to first;"
        " never rescaled when not given.",
    )
    deadline_s: float = Field(
        10.0, gt=0, description="Seconds from the end of the upload to the answer; waiting counts."
    )


def _fields(kind: type[msgspec.Struct], described: Mapping[str, str]) -> dict[str, Any]:
    """The described fields of a config as pydantic takes them."""
    hints = field_types(kind)
    defaults = {each.name: each.default for each in msgspec.structs.fields(kind)}
    return {
        name: (_translated(hints[name]), Field(defaults[name], description=text))
        for name, text in described.items()
    }


def _translated(hint: Any) -> Any:
    """A type of msgspec as one of pydantic."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        inner, limits = _translated(arguments[0]), _range(arguments[1])
        return Annotated[inner, limits, _WHOLE] if inner is int else Annotated[inner, limits]
    if origin is tuple:  # a JSON list; its items stay strict
        items = types.GenericAlias(tuple, (_translated(arguments[0]), ...))
        return Annotated[items, Field(strict=False)]
    if origin in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, map(_translated, arguments))
    return PhaseSpec if hint is PhaseConfig else hint


def _range(meta: msgspec.Meta) -> FieldInfo:
    given: dict[str, Any] = {name: getattr(meta, name) for name in _RANGE}
    info: FieldInfo = Field(**{name: value for name, value in given.items() if value is not None})
    return info


def _model(name: str, base: type[M], doc: str, fields: dict[str, Any]) -> type[M]:
    return create_model(name, __base__=base, __doc__=doc, __module__=__name__, **fields)


PhaseSpec = _model(
    "PhaseSpec",
    Strict,
    "Values that replace those of one phase of the envelope.",
    _fields(PhaseConfig, descriptions.PHASE),
)
_PASSES = _fields(ShadeConfig, {"passes": descriptions.PASSES})
_EXPLAIN: dict[str, Any] = {"explain": (bool, Field(False, description=descriptions.EXPLAIN))}
ShadeSpec = _model(
    "ShadeSpec",
    Spec,
    "What `/shade` takes.",
    _PASSES | _fields(ShadeConfig, descriptions.FIELD | descriptions.SHADER) | _EXPLAIN,
)
NOT_CONFIG = frozenset({*Spec.model_fields, *_EXPLAIN})  # fields of no config
FieldSpec = _model(
    "FieldSpec",
    Spec,
    "What `/field` takes.",
    _PASSES | _fields(FieldConfig, descriptions.FIELD | descriptions.RENDER),
)
