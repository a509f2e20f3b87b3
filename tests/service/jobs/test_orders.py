"""What an order is, without a service: its kind, its canonical spec, its digest."""

import json
from typing import Any

import msgspec
import pytest

from service.jobs.orders import Order, Upload, digest, field_order, order_of_kind, shade_order
from service.problems import BadSpec, Malformed
from service.spec.fields import NOT_CONFIG
from worker.wire.config import ShadeConfig, shade_params


def upload(image: bytes = b"image", source: bytes | None = None, **fields: Any) -> Upload:
    spec = fields.pop("spec", None)
    pairs = [(name, str(value)) for name, value in fields.items()]
    return Upload(image, source, "name", pairs, spec, 0.0)


def shade(**fields: Any) -> Order:
    return shade_order(upload(**fields), 10)


@pytest.mark.parametrize(
    "fields",
    [
        {"deadline_s": 3},
        {"passes": 4},
        {"spec": b'{"passes": 4.0, "quality": "standard"}'},
        {"overlap": 16},
        {"mode": "self"},
    ],
)
def test_the_same_work_has_the_same_digest_however_it_is_said(fields: dict[str, Any]):
    assert digest(shade(**fields)) == digest(shade())


@pytest.mark.parametrize(
    "fields",
    [
        {"passes": 3},
        {"max_side": 64},
        {"background": "#000000"},
        {"image": b"other"},
        {"source": b"image"},
    ],
)
def test_other_work_has_another_digest(fields: dict[str, Any]):
    assert digest(shade(**fields)) != digest(shade())


def test_where_one_image_ends_and_the_next_begins_makes_a_difference():
    assert digest(shade(image=b"ab", source=b"c")) != digest(shade(image=b"a", source=b"bc"))


def test_a_field_is_other_work_than_a_shading():
    assert digest(field_order(upload(), 10)) != digest(shade())


def test_the_spec_is_whole_and_comes_to_the_same_order():
    order = shade(passes=2, max_side=64, deadline_s=3)
    assert (order.spec["passes"], order.spec["max_side"], order.spec["mode"]) == (2, 64, "self")
    assert "deadline_s" not in order.spec
    kept = json.loads(json.dumps(order.spec))
    values = {name: each for name, each in kept.items() if name not in NOT_CONFIG}
    assert shade_params(msgspec.convert(values, ShadeConfig)) == order.params


def test_what_is_explained_is_other_work_over_the_same_params():
    plain, explained = shade(), shade(explain="true")
    assert (plain.explain, explained.explain) == (False, True)
    assert (plain.spec["explain"], explained.spec["explain"]) == (False, True)
    assert plain.params == explained.params
    assert digest(plain) != digest(explained)


def test_the_kind_is_taken_out_of_the_spec():
    assert order_of_kind(upload(kind="field"), 10).kind == "field"
    assert order_of_kind(upload(spec=b'{"kind": "shade", "passes": 2}'), 10).passes == 2
    for bad in (upload(), upload(kind="x"), upload(kind="shade", spec=b'{"kind": "shade"}')):
        with pytest.raises(BadSpec, match="kind"):
            order_of_kind(bad, 10)
    with pytest.raises(Malformed):
        order_of_kind(upload(spec=b"{"), 10)
