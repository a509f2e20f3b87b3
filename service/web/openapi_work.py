"""The calls that start a job, as OpenAPI describes them."""

from service.pictures.encode import FORMATS
from service.spec.kinds import KINDS
from service.spec.specs import FieldSpec, ShadeSpec, Spec
from service.web.negotiation import JSON, NPZ, SVG
from service.web.openapi_answers import (
    BYTES,
    SOURCES_OF_422,
    UPLOAD_PROBLEMS,
    Json,
    ok,
    problems,
)
from service.web.openapi_data import data_bodies, data_parts
from service.web.openapi_parameters import PREFER
from worker.wire.jobs import KINDS as DATA

IMAGES = [f"image/{each}" for each in FORMATS]
FIELD = [*IMAGES, NPZ, SVG]  # SVG of line drawings only
_CROSS: Json = {
    "source": BYTES
    | {"description": "A second image, of any size, that strokes are taken from: mode cross."}
}
_LENT = (  # where a picture is that of another job
    ("404", "The job whose picture it is to work on is not there."),
    ("409", "That job has no picture, or none yet."),
    ("410", "That job is no longer kept."),
)
ACCEPTED = "Accepted; Location says where."


def work_paths() -> Json:
    """`POST /shade` and `POST /field`."""
    return {
        "/shade": {"post": _work("Shade an image", ShadeSpec, [*IMAGES, JSON], _CROSS)},
        "/field": {"post": _work("Fiedler field of an image", FieldSpec, [*FIELD, JSON])},
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


def of_any_kind(summary: str, *also: tuple[str, str], **answers: str) -> Json:
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
            **problems(*_LENT),
            **problems(*also),
            **UPLOAD_PROBLEMS,
        },
    }


def started() -> Json:
    """`POST /jobs`."""
    call = of_any_kind(
        "Start a job of any kind", s200="It has ended within the wait.", s202=ACCEPTED
    )
    call["description"] = (
        "A job whose answer is data is waited for, unless `Prefer` says otherwise; with `Accept:"
        " application/x-npz` its arrays are the answer."
    )
    call["responses"]["200"]["content"][NPZ] = {"schema": BYTES}
    call["responses"] |= problems(("409", "Its arrays are asked for, and there are none."))
    return call


def resumed() -> Json:
    """`POST /jobs/{id}/resume`."""
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
            "202": ok(ACCEPTED, [JSON]),
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
