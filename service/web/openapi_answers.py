"""Answers as OpenAPI describes them: documents, pictures, problems."""

from typing import Any

import msgspec

from service.jobs.explanations import Explanation
from service.jobs.jobs import JobState
from service.problems import MEDIA_TYPE
from service.web.negotiation import JSON, NPZ
from service.web.openapi_problems import problem_types

Json = dict[str, Any]

BYTES: Json = {"type": "string", "format": "binary"}
SOURCES_OF_422 = "The spec is not valid, or an image is broken or too large."


def ok(description: str, media: list[str]) -> Json:
    """An answer in one of these media types; JSON is the job document."""
    job = {"$ref": "#/components/schemas/Job"}
    content = {each: {"schema": job if each == JSON else BYTES} for each in media}
    return {"description": description, "content": content}


def list_of_jobs() -> Json:
    """The answer of `GET /jobs`."""
    jobs = {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}
    schema = {"type": "object", "properties": {"jobs": jobs}, "required": ["jobs"]}
    return {"description": "The newest first.", "content": {JSON: {"schema": schema}}}


def explanation_or(picture: str) -> Json:
    """The answer of `GET /jobs/{id}/explanation`: its document, or a picture of this type."""
    schema = {"$ref": "#/components/schemas/Explanation"}
    return {
        "description": "The document, or a layer.",
        "content": {JSON: {"schema": schema}, picture: {"schema": BYTES}},
    }


def answer_of_data() -> Json:
    """The answer of `GET /jobs/{id}/result`."""
    document = {"type": "object", "description": "As the job document has it in result."}
    content = {JSON: {"schema": document}, NPZ: {"schema": BYTES}}
    return {"description": "The answer.", "content": content}


def explanation_schemas() -> Json:
    """The schema of that document and of its parts, by name."""
    _, found = msgspec.json.schema_components(
        [Explanation], ref_template="#/components/schemas/{name}"
    )
    return found


def plain(description: str) -> Json:
    """An answer that is some object."""
    return {"description": description, "content": {JSON: {"schema": {"type": "object"}}}}


def problems(*known: tuple[str, str]) -> Json:
    """Problems by their status, each with what it means."""
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema}}
    return {status: {"description": about, "content": content} for status, about in known}


UPLOAD_PROBLEMS = problems(
    ("400", "The request cannot be read."),
    ("408", "The upload took too long."),
    ("413", "The body is too large."),
    ("415", "Not an image format that is taken."),
    ("422", SOURCES_OF_422),
    ("503", "Full, or not ready."),
    ("507", "No room."),
)


def _numbers(*names: str, **more: Json) -> Json:
    return {"type": "object", "properties": {name: {"type": "number"} for name in names} | more}


def _or_null(kind: str) -> Json:
    return {"type": [kind, "null"]}


JOB: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "kind": {"type": "string"},
        "state": {"enum": [str(each) for each in JobState]},
        "status_reason": {"type": "string"},
        "name": {"type": "string", "description": "What its files are named by."},
        "spec": {"type": "object", "description": "What was asked for, all but the deadline."},
        "created": {"type": "string", "format": "date-time"},
        "deadline_s": {"type": "number"},
        "owner": {"type": "string", "description": "Whose it is, where there are keys."},
        "resumed_from": {"type": "string"},
        "shared_with": {
            "type": "integer",
            "minimum": 1,
            "description": "So many other jobs wait for the same computation; while there are any.",
        },
        "quote": {
            "type": "object",
            "description": "What to expect, until the job ends: jobs before it, seconds until its "
            "end, and how many passes are likely.",
            "properties": {
                "position": {"type": "integer"},
                "seconds": {"type": "number"},
                "expected": {"enum": ["complete", "partial"]},
                "passes": {"type": "integer"},
            },
        },
        "progress": _numbers(
            "tiles_done", "tiles_total", "passes_done", "passes_total", eta_s=_or_null("number")
        ),
        "quality": {
            "type": "object",
            "properties": {
                "angle_bound_median": _or_null("number"),
                "angle_bound_max": _or_null("number"),
            },
        },
        "timings": _numbers("queue_s", "field_s", "shade_s", "encode_s"),
        "device": _or_null("string"),
        "oom_retries": {"type": "integer"},
        "skipped": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"what": {"type": "string"}, "why": {"type": "string"}},
            },
        },
        "links": {"type": "object", "additionalProperties": _or_null("string")},
        "input": {"type": "object", "description": "How large it is what a job of data works on."},
        "result": {
            "type": "object",
            "description": "The answer of a job where that is data: values while they are few, else"
            " links; null is a value that is not there.",
        },
        "problem": {"$ref": "#/components/schemas/Problem"},
    },
    "required": [
        "id",
        "kind",
        "state",
        "name",
        "spec",
        "created",
        "deadline_s",
        "progress",
        "quality",
        "timings",
        "device",
        "oom_retries",
        "skipped",
        "links",
    ],
}
PROBLEM: Json = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "oneOf": problem_types()},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
    "required": ["type", "title", "status", "detail"],
}
