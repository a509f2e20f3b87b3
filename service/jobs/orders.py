"""An upload with its spec checked: everything that a job needs, and nothing of HTTP."""

from dataclasses import dataclass
from typing import Literal

from service.pictures.encode import Format
from service.spec.specs import parse_field, parse_shade
from service.web.uploads import Upload
from worker.wire.params import JobParams

Wanted = Format | Literal["npz", "document"]


@dataclass(frozen=True)
class Order:
    """What a caller asks for, and in which form it waits for the answer."""

    kind: Literal["shade", "field"]
    image: bytes | memoryview
    name: str
    params: JobParams
    passes: int
    max_side: int | None
    background: str  # #rrggbb, seen through alpha
    deadline_s: float
    arrived: float  # by trio's clock
    wanted: Wanted

    @property
    def deadline(self) -> float:
        """When the answer is due, by trio's clock."""
        return self.arrived + self.deadline_s


def shade_order(upload: Upload, wanted: Wanted, max_deadline_s: float) -> Order:
    """The order for a shaded picture.

    Raises:
        Malformed, BadSpec: the spec is not valid.
    """
    spec = parse_shade(
        upload.pairs,
        upload.spec_json,
        max_deadline_s=max_deadline_s,
        has_source=upload.has_source,
    )
    return Order(
        kind="shade",
        image=upload.image,
        name=upload.name,
        params=spec.to_params(),
        passes=spec.passes,
        max_side=spec.max_side,
        background=spec.background,
        deadline_s=spec.deadline_s,
        arrived=upload.arrived,
        wanted=wanted,
    )


def field_order(upload: Upload, wanted: Wanted, max_deadline_s: float) -> Order:
    """The order for a field; as `shade_order`."""
    spec = parse_field(
        upload.pairs,
        upload.spec_json,
        max_deadline_s=max_deadline_s,
        has_source=upload.has_source,
    )
    return Order(
        kind="field",
        image=upload.image,
        name=upload.name,
        params=spec.to_params(),
        passes=1,
        max_side=spec.max_side,
        background="#ffffff",
        deadline_s=spec.deadline_s,
        arrived=upload.arrived,
        wanted=wanted,
    )
