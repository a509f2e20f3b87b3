"""What a reader of the API's description needs besides: its chapters, and an example of each call.

The examples run as they are, in the order of the chapters, beside a file `photo.png`; tests run
them.
"""

from typing import Final, NamedTuple

from service.web.openapi_answers import Json

HOST: Final = "localhost:8000"
_METHODS: Final = ("get", "put", "post", "delete")

CHAPTERS: Final = {
    "Begin": "Send an image, with what is to be done with it.",
    "Look": "What a job has come to, while it runs and for as long as it is kept.",
    "Go on, or end": "More time for a job that had too little, or none for one that is not wanted.",
    "The service": "How it feels, what it counts, and what it can do.",
}


class _Call(NamedTuple):
    chapter: str
    example: str  # for a shell


_CALLS: Final = {
    "post /shade": _Call(
        "Begin", f"curl -F target=@photo.png -F passes=2 {HOST}/shade -o shaded.png -D -"
    ),
    "post /field": _Call(
        "Begin",
        f"curl -F target=@photo.png -F scope=image -F render=ranks {HOST}/field -o field.png",
    ),
    "post /jobs": _Call("Begin", f"curl -F kind=field -F target=@photo.png {HOST}/jobs"),
    "put /jobs/{id}": _Call(
        "Begin",
        "curl -X PUT -F target=@photo.png -H 'Prefer: wait=10' \\\n"
        '     -F \'spec={"kind": "shade", "passes": 2, "explain": true}\' \\\n'
        f"     {HOST}/jobs/my-picture-1",
    ),
    "get /jobs": _Call("Look", f"curl {HOST}/jobs"),
    "get /jobs/{id}": _Call("Look", f"curl {HOST}/jobs/my-picture-1"),
    "get /jobs/{id}/image": _Call(
        "Look",
        f"curl -H 'Accept: image/webp' '{HOST}/jobs/my-picture-1/image?pass=1' -o pass1.webp",
    ),
    "get /jobs/{id}/field": _Call(
        "Look",
        f"curl -H 'Accept: application/x-npz' {HOST}/jobs/my-picture-1/field -o field.npz",
    ),
    "get /jobs/{id}/result": _Call(
        "Look",
        "curl -X PUT -H 'Content-Type: application/json' -H 'Prefer: wait=10' \\\n"
        '     -d \'{"kind": "graph.expand", "graph": {"generator": "territory"}}\' \\\n'
        f"     {HOST}/jobs/my-graph-1\n"
        f"curl -H 'Accept: application/x-npz' {HOST}/jobs/my-graph-1/result -o lambda2.npz",
    ),
    "get /jobs/{id}/graph": _Call("Look", f"curl {HOST}/jobs/my-graph-1/graph -o graph.npz"),
    "get /jobs/{id}/explanation": _Call(
        "Look", f"curl '{HOST}/jobs/my-picture-1/explanation?pass=1'"
    ),
    "get /jobs/{id}/events": _Call(
        "Look", f"curl -N -H 'Accept: text/event-stream' {HOST}/jobs/my-picture-1/events"
    ),
    "post /jobs/{id}/resume": _Call(
        "Go on, or end",
        "curl -X PUT -F target=@photo.png -F kind=shade -F passes=16 -F deadline_s=0.3 \\\n"
        f"     -H 'Prefer: wait=2' {HOST}/jobs/hurried-1\n"
        f"curl -X POST -F deadline_s=5 {HOST}/jobs/hurried-1/resume",
    ),
    "delete /jobs/{id}": _Call("Go on, or end", f"curl -X DELETE {HOST}/jobs/my-picture-1"),
    "get /": _Call("The service", f"curl {HOST}/ -o page.html"),
    "get /docs": _Call("The service", f"curl {HOST}/docs -o api.html"),
    "get /graphs": _Call("The service", f"curl {HOST}/graphs -o graphs.html"),
    "get /surfaces": _Call("The service", f"curl {HOST}/surfaces -o surfaces.html"),
    "get /openapi.json": _Call("The service", f"curl {HOST}/openapi.json -o openapi.json"),
    "get /healthz": _Call("The service", f"curl {HOST}/healthz"),
    "get /readyz": _Call("The service", f"curl {HOST}/readyz"),
    "get /metrics": _Call("The service", f"curl {HOST}/metrics"),
    "post /tickets": _Call("The service", f"curl -X POST {HOST}/tickets"),
}


def chapters() -> list[Json]:
    """The chapters, as tags."""
    return [{"name": name, "description": about} for name, about in CHAPTERS.items()]


def guided(paths: Json) -> Json:
    """The paths, each call with its chapter and an example."""
    return {
        path: {
            name: call | _guide(f"{name} {path}") if name in _METHODS else call
            for name, call in calls.items()
        }
        for path, calls in paths.items()
    }


def _guide(call: str) -> Json:
    chapter, example = _CALLS[call]
    return {"tags": [chapter], "x-codeSamples": [{"lang": "Shell", "source": example}]}
