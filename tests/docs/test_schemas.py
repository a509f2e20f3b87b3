"""Schemas in the words of the API's page."""

from typing import Any

import pytest

from service.web.docs_schemas import fields_of, kind_of


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 16}, "whole number, 1 to 16"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 10.0}, "number over 0, 10 at most"),
        ({"type": "number", "minimum": 0}, "number, 0 or more"),
        ({"type": ["number", "null"]}, "number or null"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number"),
        ({"enum": ["a", "b"]}, "<code>a</code> or <code>b</code>"),
        ({"enum": list(range(20))}, "one of 20 values"),
        ({"oneOf": [{"const": "<a>"}, {"const": 2}]}, "<code>&lt;a&gt;</code> or <code>2</code>"),
        ({"type": "array", "items": {"type": "string"}}, "list of text"),
        ({"type": "array", "maxItems": 4, "items": {"type": "boolean"}},
         "list of 0 to 4, each true or false"),
        ({"type": "string", "format": "binary"}, "file"),
        ({"type": "string", "pattern": "^#"}, "text like <code>^#</code>"),
        ({"type": "object", "properties": {"x": {}}}, "object of <code>x</code>"),
        ({"$ref": "#/components/schemas/Job"}, '<a href="#Job"><code>Job</code></a>'),
        ({}, "anything"),
    ],
)  # fmt: skip
def test_what_a_schema_takes(schema: dict[str, Any], told: str):
    assert kind_of(schema) == told


def test_a_field_has_its_default_or_is_required():
    fields = {"a": {"default": 0.5}, "b": {"default": [1, 2]}, "c": {"description": "Said `so`."}}
    table = fields_of({"properties": fields, "required": ["c"]})
    for said in ("<code>0.5</code>", "<code>[1, 2]</code>", "<em>required</em>", "<code>so</code>"):
        assert table.count(said) == 1


def test_a_field_that_may_be_absent_has_the_meaning_of_what_it_is_otherwise():
    optional = {"anyOf": [{"type": "number", "description": "A share."}, {"type": "null"}]}
    assert "<td>A share.</td>" in fields_of({"properties": {"theta": optional}})
