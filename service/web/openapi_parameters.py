"""What calls take in their path, their query and their headers, as OpenAPI describes it."""

from service.pictures.layers import LAYERS
from service.web.openapi_answers import Json

JOB_ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
}
PASS: Json = {
    "name": "pass",
    "in": "query",
    "description": "The picture after this pass; 0 is the input. The result when not given.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 16},
}
PART: Json = {
    "name": "part",
    "in": "query",
    "description": "Instead of the result the image that lent it strokes, as it was sent.",
    "schema": {"enum": ["source"]},
}
MAX_SIDE: Json = {
    "name": "max_side",
    "in": "query",
    "description": "The picture with at most so many pixels a side; it is never enlarged.",
    "schema": {"type": "integer", "minimum": 16, "maximum": 8192},
}
EXPLAINED_PASS: Json = {
    "name": "pass",
    "in": "query",
    "description": "Which pass; the last complete one when not given.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 16},
}
LAYER: Json = {
    "name": "layer",
    "in": "query",
    "description": "A PNG instead: the gate in grey, white is structure; the contours, which are"
    " what was taken for lines, in black on nothing; the segments, each in a colour of its own.",
    "schema": {"enum": list(LAYERS)},
}
CHANNEL: Json = {
    "name": "channel",
    "in": "query",
    "description": "This eigenvector in colours, 1 is the Fiedler vector; when not given, the"
    " picture that the job was asked for.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 4},
}
PREFER: Json = {
    "name": "Prefer",
    "in": "header",
    "description": "`respond-async`: 202 at once, with the place of the job. `wait=N`, where the"
    " answer is 202 anyway: wait so many seconds for the end.",
    "schema": {"type": "string"},
}
