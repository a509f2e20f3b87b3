"""The API as OpenAPI 3.1: specs from their models, the rest by hand; a test compares the routes."""

from importlib.metadata import version

from service.settings import Settings
from service.spec.specs import schemas
from service.web.negotiation import EVENTS, JSON, NPZ
from service.web.openapi_access import SCHEMES, TICKETS, guarded
from service.web.openapi_answers import (
    JOB,
    PROBLEM,
    Json,
    answer_of_data,
    explanation_or,
    explanation_schemas,
    list_of_jobs,
    ok,
    plain,
    problems,
)
from service.web.openapi_data import data_schemas
from service.web.openapi_guide import chapters, guided
from service.web.openapi_parameters import (
    CHANNEL,
    EXPLAINED_PASS,
    JOB_ID,
    LAYER,
    MAX_SIDE,
    PART,
    PASS,
)
from service.web.openapi_work import (
    ACCEPTED,
    FIELD,
    IMAGES,
    of_any_kind,
    resumed,
    started,
    work_paths,
)


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
            guided(work_paths() | _job_paths() | _other_paths() | TICKETS),
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


def _job_paths() -> Json:
    missing = problems(("404", "No such job."), ("410", "No longer kept."))
    none_yet = problems(
        ("406", "No such representation."), ("409", "There is none, or none yet: Retry-After.")
    )
    streamed: Json = {EVENTS: {}}  # a schema would be that of each event
    return {
        "/jobs": {
            "get": {"summary": "The newest 50 jobs", "responses": {"200": list_of_jobs()}},
            "post": started(),
        },
        "/jobs/{id}": {
            "parameters": [JOB_ID],
            "get": {
                "summary": "The job document",
                "responses": {"200": ok("As it stands.", [JSON]), **missing},
            },
            "put": of_any_kind(
                "Start a job of any kind under an id of your own, or show it if it was started",
                ("409", "The id is that of a job with other content."),
                s200="It was started before, and has ended.",
                s201="It is new, and has ended within the wait.",
                s202=ACCEPTED,
            ),
            "delete": {
                "summary": "Cancel a job that runs, remove one that has ended",
                "responses": {"204": {"description": "Done, or done before."}, **missing},
            },
        },
        "/jobs/{id}/image": {
            "parameters": [JOB_ID, PASS, PART, MAX_SIDE],
            "get": {
                "summary": "The result, the picture after a pass, or the source",
                "responses": {
                    "200": ok("The picture.", IMAGES),
                    **missing,
                    **none_yet,
                    **problems(("422", "There is no such pass, part or size.")),
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
        "/jobs/{id}/graph": {
            "parameters": [JOB_ID],
            "get": {
                "summary": "The graph that a job works on, as npz: it may be sent again",
                "responses": {"200": ok("The graph.", [NPZ]), **missing, **none_yet},
            },
        },
        "/jobs/{id}/field": {
            "parameters": [JOB_ID, CHANNEL],
            "get": {
                "summary": "The field as a picture or as arrays; a line drawing also as SVG",
                "responses": {
                    "200": ok("The field.", FIELD),
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
        "/jobs/{id}/resume": {"parameters": [JOB_ID], "post": resumed()},
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


def _other_paths() -> Json:
    page = {"description": "The page.", "content": {"text/html": {}}}
    return {
        "/": {"get": {"summary": "The demo page", "responses": {"200": page}}},
        "/docs": {"get": {"summary": "This description, for people", "responses": {"200": page}}},
        "/graphs": {"get": {"summary": "The page of graphs", "responses": {"200": page}}},
        "/surfaces": {"get": {"summary": "The page of surfaces", "responses": {"200": page}}},
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
