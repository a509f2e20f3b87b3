"""The examples of jobs in the API's description are requests that are taken."""

import json
from typing import Any

import jsonschema
import pytest

from service.web.openapi_data import data_bodies, data_schemas, job_of
from worker.wire.jobs import KINDS
from worker.wire.jobs.kind import Kind
from worker.wire.jobs.parts import read_part

EXAMPLES = data_bodies()["examples"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_has_one_that_is_taken(kind: Kind[Any]) -> None:
    body = EXAMPLES[kind.name]["value"]
    schema = {
        "$ref": f"#/components/schemas/{job_of(kind)}",
        "components": {"schemas": data_schemas(10)},
    }
    jsonschema.Draft202012Validator(schema).validate(body)
    facts: dict[str, int] = {}
    for part in kind.parts:
        if part.name in body:
            facts |= read_part(part.sort, json.dumps(body[part.name]).encode()).facts
    assert list(kind.check(kind.read(body["params"]), facts)) == []
