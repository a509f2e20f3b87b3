"""Jobs whose answer is data, as OpenAPI describes them: all of it follows from the kinds."""

from typing import Any

import msgspec

from service.web.openapi_answers import BYTES, Json
from worker.wire.jobs import KINDS
from worker.wire.jobs.kind import Kind, Part
from worker.wire.jobs.parts_of_graphs import GENERATOR_PARAMS

_REF = "#/components/schemas/{name}"
_PARTS: dict[str, Json] = {
    "graph": {"$ref": "#/components/schemas/Graph"},
    "matrix": {
        "type": "array",
        "items": {"type": "array", "items": {"type": ["number", "null"]}},
    },
    "image": {
        "type": "object",
        "properties": {
            "job": {"type": "string", "description": "Whose picture it is."},
            "channel": {"type": "integer", "minimum": 1, "maximum": 4},
        },
        "required": ["job"],
    },
}
_NUMBERS: Json = {"type": "array", "items": {"type": "number"}}
_GRAPH: Json = {
    "type": "object",
    "description": "Nodes and edges, or a generator with its params. Weights are similarities.",
    "properties": {
        "format": {"const": "itten.graph/1"},
        "n": {"type": "integer", "minimum": 1, "description": "Nodes (a count)."},
        "edges": {
            "type": "object",
            "description": "Ends of the edges, and their weights (1 when not given).",
            "properties": {"src": _NUMBERS, "dst": _NUMBERS, "w": _NUMBERS},
        },
        "symmetric": {
            "enum": ["upper", "both"],
            "description": "Whether every edge is listed once, or in both directions.",
        },
        "coords": {
            "type": "array",
            "items": _NUMBERS,
            "description": "x and y of every node.",
        },
        "attrs": {"type": "object", "description": "Lists of a number for every node, by name."},
        "labels": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}


def job_of(kind: Kind[Any]) -> str:
    """What the schema of a request of this kind is called."""
    words = kind.name.replace("_", ".").split(".")
    return "".join(word.capitalize() for word in words) + "Job"


def data_schemas(max_deadline_s: float) -> Json:
    """The schemas of requests of every kind, of their params, and of a graph."""
    models = [*(kind.params for kind in KINDS.values()), *GENERATOR_PARAMS.values()]
    _, found = msgspec.json.schema_components(models, ref_template=_REF)
    jobs = {job_of(kind): _job(kind, max_deadline_s) for kind in KINDS.values()}
    params: Json = {name: _plain(schema) for name, schema in found.items()}
    return {"Graph": _graph()} | jobs | params


def _graph() -> Json:
    """What a graph is in JSON: one of nodes and edges, or one of these generators."""
    listed: Json = {"required": ["n", "edges"], "properties": {"generator": False}}
    params = {
        name: {"$ref": _REF.format(name=each.__name__)} for name, each in GENERATOR_PARAMS.items()
    }
    drawn: list[Json] = [
        {
            "required": ["generator"],
            "properties": {"generator": {"const": name}, "params": params[name]},
        }
        for name in params
    ]
    some = list({each["$ref"]: each for each in params.values()}.values())
    generated: Json = {
        "generator": {"enum": list(params), "description": "Draws the graph, by a rule."},
        "params": {"anyOf": some, "description": "Of the generator."},
    }
    properties = _GRAPH["properties"] | generated
    return _GRAPH | {"properties": properties, "oneOf": [listed, *drawn]}


def data_bodies() -> Json:
    """What a request of any of the kinds is, in JSON."""
    schemas = [{"$ref": _REF.format(name=job_of(kind))} for kind in KINDS.values()]
    examples = {
        kind.name: {"summary": kind.about, "value": {"kind": kind.name, **kind.example}}
        for kind in KINDS.values()
        if kind.example
    }
    schema = {"oneOf": schemas, "description": "A job whose answer is data."}
    return {"schema": schema, "examples": examples}


def data_parts() -> Json:
    """All parts as those of a form."""
    parts = [part for kind in KINDS.values() for part in kind.parts]
    return {part.name: BYTES | {"description": part.about} for part in parts}


def _job(kind: Kind[Any], max_deadline_s: float) -> Json:
    deadline = {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": max_deadline_s,
        "default": max_deadline_s,
        "description": "Seconds from the end of the upload to the answer; waiting counts.",
    }
    parts = {part.name: _part(part) for part in kind.parts}
    required = [part.name for part in kind.parts if part.required]
    return {
        "type": "object",
        "description": kind.about,
        "properties": {"kind": {"const": kind.name}}
        | parts
        | {"params": {"$ref": _REF.format(name=kind.params.__name__)}, "deadline_s": deadline},
        "required": ["kind", *required],
        "additionalProperties": False,
    }


def _part(part: Part) -> Json:
    form = ""
    if part.sort == "image":
        form = " A file part of a form, or the picture of a job, or a channel of its field."
    return _PARTS[part.sort] | {"description": part.about + form}


def _plain(schema: Any) -> Any:
    """Without tuples of a fixed length, whose items are of one kind here."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(each) for name, each in schema.items() if name != "prefixItems"}
    if "prefixItems" in schema:
        plain["items"] = _plain(schema["prefixItems"][0])
    return plain
