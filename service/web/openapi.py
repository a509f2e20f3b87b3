"""The API as OpenAPI 3.1: specs from their models, the rest by hand; a test compares the routes."""

from importlib.metadata import version

from service.pictures.encode import FORMATS
from service.settings import Settings
from service.spec.kinds import KINDS
from service.spec.specs import FieldSpec, ShadeSpec, Spec, schemas
from service.web.negotiation import EVENTS, JSON, NPZ, SVG
from service.web.openapi_access import SCHEMES, TICKETS, guarded
from service.web.openapi_answers import (
    BYTES,
    JOB,
    PROBLEM,
    SOURCES_OF_422,
    UPLOAD_PROBLEMS,
    Json,
    answer_of_data,
    explanation_or,
    explanation_schemas,
    list_of_jobs,
    ok,
    plain,
    problems,
)
from service.web.openapi_data import data_bodies, data_parts, data_schemas
from service.web.openapi_guide import chapters, guided
from service.web.openapi_parameters import (
    CHANNEL,
    EXPLAINED_PASS,
    JOB_ID,
    LAYER,
    MAX_SIDE,
    PASS,
    PREFER,
)
from worker.wire.jobs import KINDS as DATA

_IMAGES = [f"image/{each}" for each in FORMATS]
_FIELD = [*_IMAGES, NPZ, SVG]  # SVG of line drawings only
_CROSS: Json = {
    "source": BYTES
    | {"description": "A second image, of any size, that strokes are taken from: mode cross."}
}
_ACCEPTED = "Accepted; Location says where."


def describe(settings: Settings) -> Json:
    """The document of `/openapi.json`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Itten",
            "version": version("itten"),
            "description": "Shades images by the spectrum of their own graph, by a deadline. Every"
            " answer names its request in `Itten-Request`, as the log does; send that header, of 1"
            " to 64 of A-Za-z0-9._-, or a `traceparent`, to have it named your way.",
        },
        "tags": chapters(),
        "paths": guarded(
            guided(_work_paths() | _job_paths() | _other_paths() | TICKETS),
            has_keys=settings.api_keys_file is not None,
        ),
        "components": {
            "schemas": schemas(settings.max_deadline_s)
            | explanation_schemas()
            | data_schemas(settings.max_deadline_s)
            | {"Job": JOB, "Problem": PROBLEM},
            "securitySchemes": SCHEMES,
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
        "properties": {"target": BYTES | {"description": "The image."}}
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
        "parameters": [PREFER],
        "requestBody": _body(form),
        "responses": {
            "200": ok("Complete or partial: see Itten-Status.", media),
            "202": ok("Accepted; Location says where.", [JSON]),
            **problems(("406", "No such representation.")),
            **UPLOAD_PROBLEMS,
        },
    }


def _body(form: Json) -> Json:
    """An image in a form, or alone."""
    return {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": form},
            "image/*": {"schema": BYTES},
            "application/octet-stream": {"schema": BYTES},
        },
    }


def _of_any_kind(summary: str, *also: tuple[str, str], **answers: str) -> Json:
    """A call that starts a job of the kind that its spec names; problems besides the usual ones."""
    kind: Json = {"enum": [*KINDS, *DATA], "description": "What is to be done."}
    spec = {
        "type": "object",
        "properties": {"kind": kind},
        "required": ["kind"],
        "description": "Also the fields of ShadeSpec or FieldSpec, or params and deadline_s.",
    }
    form = {
        "type": "object",
        "properties": {"target": BYTES | {"description": "The image to shade, or of the field."}}
        | _CROSS
        | data_parts()
        | {"spec": spec, "kind": kind},
        "description": "kind and the fields of its spec as form fields, or in spec.",
    }
    body = _body(form)
    body["content"][JSON] = data_bodies()
    return {
        "summary": summary,
        "parameters": [PREFER],
        "requestBody": body,
        "responses": {
            **{status.removeprefix("s"): ok(text, [JSON]) for status, text in answers.items()},
            **problems(*also),
            **UPLOAD_PROBLEMS,
        },
    }


def _started() -> Json:
    """`POST /jobs`."""
    call = _of_any_kind(
        "Start a job of any kind", s200="It has ended within the wait.", s202=_ACCEPTED
    )
    call["description"] = (
        "A job whose answer is data is waited for, unless `Prefer` says otherwise; with `Accept:"
        " application/x-npz` its arrays are the answer."
    )
    call["responses"]["200"]["content"][NPZ] = {"schema": BYTES}
    call["responses"] |= problems(("409", "Its arrays are asked for, and there are none."))
    return call


def _job_paths() -> Json:
    missing = problems(("404", "No such job."), ("410", "No longer kept."))
    none_yet = problems(
        ("406", "No such representation."), ("409", "There is none, or none yet: Retry-After.")
    )
    streamed: Json = {EVENTS: {}}  # a schema would be that of each event
    return {
        "/jobs": {
            "get": {"summary": "The newest 50 jobs", "responses": {"200": list_of_jobs()}},
            "post": _started(),
        },
        "/jobs/{id}": {
            "parameters": [JOB_ID],
            "get": {
                "summary": "The job document",
                "responses": {"200": ok("As it stands.", [JSON]), **missing},
            },
            "put": _of_any_kind(
                "Start a job of any kind under an id of your own, or show it if it was started",
                ("409", "The id is that of a job with other content."),
                s200="It was started before, and has ended.",
                s201="It is new, and has ended within the wait.",
                s202=_ACCEPTED,
            ),
            "delete": {
                "summary": "Cancel a job that runs, remove one that has ended",
                "responses": {"204": {"description": "Done, or done before."}, **missing},
            },
        },
        "/jobs/{id}/image": {
            "parameters": [JOB_ID, PASS, MAX_SIDE],
            "get": {
                "summary": "The result, or the picture after a pass",
                "responses": {
                    "200": ok("The picture.", _IMAGES),
                    **missing,
                    **none_yet,
                    **problems(("422", "There is no such pass or size.")),
                },
            },
        },
        "/jobs/{id}/result": {
            "parameters": [JOB_ID],
            "get": {
                "summary": "The answer of a job where that is data, as JSON or as arrays",
                "responses": {"200": answer_of_data(), **missing, **none_yet},
            },
        },
        "/jobs/{id}/field": {
            "parameters": [JOB_ID, CHANNEL],
            "get": {
                "summary": "The field as a picture or as arrays; a line drawing also as SVG",
                "responses": {
                    "200": ok("The field.", _FIELD),
                    **missing,
                    **none_yet,
                    **problems(("422", "There is no such channel.")),
                },
            },
        },
        "/jobs/{id}/explanation": {
            "parameters": [JOB_ID, EXPLAINED_PASS, LAYER],
            "get": {
                "summary": "How a pass came about, of jobs with explain; with layer as a picture",
                "responses": {
                    "200": explanation_or("image/png"),
                    **missing,
                    **none_yet,
                    **problems(("422", "There is no such pass or layer.")),
                },
            },
        },
        "/jobs/{id}/resume": {"parameters": [JOB_ID], "post": _resume()},
        "/jobs/{id}/events": {
            "parameters": [JOB_ID],
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


def _resume() -> Json:
    deadline = {"type": "number", "exclusiveMinimum": 0}
    schema = {
        "type": "object",
        "properties": {"deadline_s": deadline},
        "description": "Also fields of the job's spec and, in a form, its images: as they were.",
    }
    content = {each: {"schema": schema} for each in (JSON, "multipart/form-data")}
    return {
        "summary": "Go on from a partial job, as a new job",
        "parameters": [PREFER],
        "requestBody": {"required": False, "content": content},
        "responses": {
            "200": ok("It has ended within the wait.", [JSON]),
            "202": ok(_ACCEPTED, [JSON]),
            **problems(
                ("400", "The request cannot be read."),
                ("404", "No such job."),
                ("409", "Not partial, or other content; Retry-After while it still runs."),
                ("410", "No longer kept."),
                ("415", "Neither JSON nor a form."),
                ("422", SOURCES_OF_422),
                ("503", "Full, or not ready."),
                ("507", "No room."),
            ),
        },
    }


def _other_paths() -> Json:
    page = {"description": "The page.", "content": {"text/html": {}}}
    return {
        "/": {"get": {"summary": "The demo page", "responses": {"200": page}}},
        "/docs": {"get": {"summary": "This description, for people", "responses": {"200": page}}},
        "/graphs": {"get": {"summary": "The page of graphs", "responses": {"200": page}}},
        "/healthz": {"get": {"summary": "Alive", "responses": {"200": plain("Yes.")}}},
        "/readyz": {
            "get": {
                "summary": "The worker is warm",
                "responses": {"200": plain("Yes."), **problems(("503", "Not yet."))},
            }
        },
        "/metrics": {
            "get": {"summary": "For Prometheus", "responses": {"200": ok("It.", ["text/plain"])}}
        },
        "/openapi.json": {
            "get": {"summary": "This description, as OpenAPI", "responses": {"200": plain("It.")}}
        },
    }
