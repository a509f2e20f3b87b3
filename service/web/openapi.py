"""The API as OpenAPI 3.1: specs from their models, the rest by hand; a test compares the routes."""

from importlib.metadata import version
from typing import Any

from service.jobs.jobs import JobState
from service.pictures.encode import FORMATS
from service.problems import MEDIA_TYPE
from service.settings import Settings
from service.spec.specs import FieldSpec, ShadeSpec, Spec, schemas
from service.web.negotiation import EVENTS, JSON, NPZ, SVG

Json = dict[str, Any]

_IMAGES = [f"image/{each}" for each in FORMATS]
_FIELD = [*_IMAGES, NPZ, SVG]  # SVG of line drawings only
_BYTES: Json = {"type": "string", "format": "binary"}
_CROSS: Json = {
    "source": _BYTES
    | {"description": "A second image, of any size, that strokes are taken from: mode cross."}
}
_JOB_ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
}
_PASS: Json = {
    "name": "pass",
    "in": "query",
    "description": "The picture after this pass; 0 is the input. The result when not given.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 16},
}
_PREFER: Json = {
    "name": "Prefer",
    "in": "header",
    "description": "`respond-async`: 202 at once, with the place of the job.",
    "schema": {"type": "string"},
}
_SOURCES_OF_422 = "The spec is not valid, or an image is broken or too large."


def describe(settings: Settings) -> Json:
    """The document of `/openapi.json`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Itten",
            "version": version("itten"),
            "description": "Shades images by the spectrum of their own graph, by a deadline.",
        },
        "paths": _work_paths() | _job_paths() | _other_paths(),
        "components": {
            "schemas": schemas(settings.max_deadline_s) | {"Job": _JOB, "Problem": _PROBLEM}
        },
    }


def _work_paths() -> Json:
    return {
        "/shade": {"post": _work("Shade an image", ShadeSpec, [*_IMAGES, JSON], _CROSS)},
        "/field": {"post": _work("Fiedler field of an image", FieldSpec, [*_FIELD, JSON])},
    }


def _work(summary: str, spec: type[Spec], media: list[str], also: Json | None = None) -> Json:
    reference, names = {"$ref": f"#/components/schemas/{spec.__name__}"}, spec.model_fields
    # Not allOf: a spec takes none but its own fields, and an image is none of them.
    fields = {name: {"$ref": f"{reference['$ref']}/properties/{name}"} for name in names}
    form = {
        "type": "object",
        "properties": {"target": _BYTES | {"description": "The image."}}
        | (also or {})
        | {"spec": reference}
        | fields,
        "additionalProperties": False,
        "required": ["target"],
        "description": "Fields of the spec also as form fields; each in one place only.",
    }
    return {
        "summary": summary,
        "description": "An image alone may be the body; the spec is in the query then.",
        "parameters": [_PREFER],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form},
                "image/*": {"schema": _BYTES},
                "application/octet-stream": {"schema": _BYTES},
            },
        },
        "responses": {
            "200": _ok("Complete or partial: see Itten-Status.", media),
            "202": _ok("Accepted; Location says where.", [JSON]),
            **_problems(
                ("400", "The request cannot be read."),
                ("406", "No such representation."),
                ("408", "The upload took too long."),
                ("413", "The body is too large."),
                ("415", "Not an image format that is taken."),
                ("422", _SOURCES_OF_422),
                ("503", "Full, or not ready."),
                ("507", "No room."),
            ),
        },
    }


def _job_paths() -> Json:
    missing = _problems(("404", "No such job."), ("410", "No longer kept."))
    none_yet = _problems(
        ("406", "No such representation."), ("409", "There is none, or none yet: Retry-After.")
    )
    streamed = {EVENTS: {"schema": {"type": "string"}}}
    return {
        "/jobs": {"get": {"summary": "The newest 50 jobs", "responses": {"200": _list_of_jobs()}}},
        "/jobs/{id}": {
            "parameters": [_JOB_ID],
            "get": {
                "summary": "The job document",
                "responses": {"200": _ok("As it stands.", [JSON]), **missing},
            },
            "delete": {
                "summary": "Cancel a job that runs, remove one that has ended",
                "responses": {"204": {"description": "Done, or done before."}, **missing},
            },
        },
        "/jobs/{id}/image": {
            "parameters": [_JOB_ID, _PASS],
            "get": {
                "summary": "The result, or the picture after a pass",
                "responses": {"200": _ok("The picture.", _IMAGES), **missing, **none_yet},
            },
        },
        "/jobs/{id}/field": {
            "parameters": [_JOB_ID],
            "get": {
                "summary": "The field as a picture or as arrays; a line drawing also as SVG",
                "responses": {"200": _ok("The field.", _FIELD), **missing, **none_yet},
            },
        },
        "/jobs/{id}/events": {
            "parameters": [_JOB_ID],
            "get": {
                "summary": "Progress, over a WebSocket or as server-sent events",
                "responses": {
                    "101": {"description": "A WebSocket: text events and binary previews."},
                    "200": {"description": "The text events.", "content": streamed},
                    **missing,
                },
            },
        },
    }


def _other_paths() -> Json:
    page = {"description": "The page.", "content": {"text/html": {}}}
    return {
        "/": {"get": {"summary": "The demo page", "responses": {"200": page}}},
        "/healthz": {"get": {"summary": "Alive", "responses": {"200": _plain("Yes.")}}},
        "/readyz": {
            "get": {
                "summary": "The worker is warm",
                "responses": {"200": _plain("Yes."), **_problems(("503", "Not yet."))},
            }
        },
        "/openapi.json": {
            "get": {"summary": "This description", "responses": {"200": _plain("It.")}}
        },
    }


def _ok(description: str, media: list[str]) -> Json:
    job = {"$ref": "#/components/schemas/Job"}
    content = {each: {"schema": job if each == JSON else _BYTES} for each in media}
    return {"description": description, "content": content}


def _list_of_jobs() -> Json:
    jobs = {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}
    schema = {"type": "object", "properties": {"jobs": jobs}, "required": ["jobs"]}
    return {"description": "The newest first.", "content": {JSON: {"schema": schema}}}


def _plain(description: str) -> Json:
    return {"description": description, "content": {JSON: {"schema": {"type": "object"}}}}


def _problems(*known: tuple[str, str]) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema}}
    return {status: {"description": about, "content": content} for status, about in known}


def _numbers(*names: str) -> Json:
    return {"type": "object", "properties": {name: {"type": "number"} for name in names}}


def _or_null(kind: str) -> Json:
    return {"type": [kind, "null"]}


_JOB: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "kind": {"type": "string"},
        "state": {"enum": [str(each) for each in JobState]},
        "status_reason": {"type": "string"},
        "created": {"type": "string", "format": "date-time"},
        "deadline_s": {"type": "number"},
        "resumed_from": {"type": "string"},
        "progress": _numbers("tiles_done", "tiles_total", "passes_done", "passes_total"),
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
        "result": {},
        "problem": {"$ref": "#/components/schemas/Problem"},
    },
    "required": [
        "id",
        "kind",
        "state",
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
_PROBLEM: Json = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
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
