"""Keys and tickets as OpenAPI describes them: what each call takes, and what it says without."""

from service.access.keys import SCOPES
from service.web.negotiation import JSON
from service.web.openapi_answers import Json, problems

SCHEMES: Json = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": f"A key, where the service has keys; its scopes are {', '.join(SCOPES)}.",
    },
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "Instead of a key, once and to read: see POST /tickets.",
    },
}
TICKETS: Json = {
    "/tickets": {
        "post": {
            "summary": "A ticket: stands for the key in an address, once, for a minute",
            "responses": {
                "201": {
                    "description": "The ticket.",
                    "content": {
                        JSON: {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "ticket": {"type": "string"},
                                    "expires_s": {"type": "number"},
                                },
                                "required": ["ticket", "expires_s"],
                            }
                        }
                    },
                }
            },
        }
    }
}
_OPEN = ("/", "/graphs", "/surfaces", "/docs", "/healthz", "/readyz", "/openapi.json")
_METHODS = ("get", "put", "post", "delete")
_REFUSALS = problems(
    ("401", "No key, or not a valid one."),
    ("403", "A key without the scope, or another site's page."),
    ("429", "Too many requests: Retry-After."),
    ("503", "Full, or the records are damaged: Retry-After."),
)


def guarded(paths: Json, *, has_keys: bool) -> Json:
    """The paths, each call with what it takes to be let in."""
    return {path: _path(path, calls, has_keys=has_keys) for path, calls in paths.items()}


def _path(path: str, calls: Json, *, has_keys: bool) -> Json:
    if path in _OPEN:
        return calls
    return {
        name: _call(path, name, call, has_keys=has_keys) if name in _METHODS else call
        for name, call in calls.items()
    }


def _call(path: str, method: str, call: Json, *, has_keys: bool) -> Json:
    ways: list[Json] = [] if has_keys else [{}]  # {}: nothing
    ways.append({"key": []})
    if method == "get" and path != "/metrics":
        ways.append({"ticket": []})
    responses = dict(sorted((_REFUSALS | call["responses"]).items()))
    return call | {"security": ways, "responses": responses}
