"""Requests as httpx takes them."""

import json
from collections.abc import Mapping
from typing import Any

from service.client.pictures import Part, Picture, image_file, part_file


def form(target: Picture | None, source: Picture | None, spec: dict[str, Any]) -> dict[str, Any]:
    """A form of pictures and a spec; fields that are None are not sent."""
    given = {"target": target, "source": source}
    said = {name: value for name, value in spec.items() if value is not None}
    files = {name: image_file(each) for name, each in given.items() if each is not None}
    return {"files": files or None, "data": {"spec": json.dumps(said)}}


def parts_and_spec(parts: Mapping[str, Part], spec: dict[str, Any]) -> dict[str, Any]:
    """A form of what a job of data works on and a spec; of nothing the spec is JSON."""
    files = {name: part_file(each) for name, each in parts.items()}
    return {"files": files, "data": {"spec": json.dumps(spec)}} if files else {"json": spec}
