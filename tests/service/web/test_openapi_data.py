"""What the API says of graphs, beside what reads them."""

import json
from typing import Any

import pytest

from service.web.openapi_data import data_schemas
from worker.graphs.generators import GENERATORS
from worker.graphs.reading import read_json

SCHEMAS = data_schemas(10)
DRAWN = {
    each["properties"]["generator"]["const"]: each["properties"]["params"]["$ref"]
    for each in SCHEMAS["Graph"]["oneOf"][1:]
}


def usual(schema: dict[str, Any]) -> dict[str, Any]:
    """Values of all its properties: defaults, or the first example."""
    properties: dict[str, dict[str, Any]] = schema["properties"]
    return {
        name: each["default"] if "default" in each else each["examples"][0]
        for name, each in properties.items()
    }


def test_every_generator_is_there() -> None:
    assert list(DRAWN) == list(GENERATORS) == SCHEMAS["Graph"]["properties"]["generator"]["enum"]


@pytest.mark.parametrize("name", [name for name in DRAWN if name != "heightfield"])
def test_what_a_generator_takes_draws_a_graph(name: str) -> None:
    schema = SCHEMAS[DRAWN[name].rpartition("/")[2]]
    assert all(each["description"] for each in schema["properties"].values())
    document = {"generator": name, "params": usual(schema)}
    assert read_json(json.dumps(document).encode()).rows.n > 1
