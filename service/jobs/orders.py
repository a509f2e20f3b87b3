"""An upload with its spec checked: everything that a job needs, and nothing of HTTP."""

from dataclasses import dataclass
from typing import Literal

from service.pictures.encode import Format
from service.spec.specs import FieldSpec, ShadeSpec, parse_field, parse_shade
from worker.wire.params import FieldParams, JobParams, ShadeParams

WHITE = "#ffffff"
WHOLE_IMAGE, OUTLINES = 4.0, 2.0  # measured: the field of one graph, and the start of one
LANCZOS_STEPS = 10  # of the reference mode for the price of a field
Wanted = Format | Literal["npz", "svg", "document"]


@dataclass(frozen=True)
class Upload:
    """An image as it came, and what was said about it; nothing is checked but the form."""

    image: bytes | memoryview
    name: str  # stem of the file's name, empty when it has none
    pairs: list[tuple[str, str]]  # form fields and query parameters, every occurrence
    spec_json: bytes | None
    has_source: bool
    arrived: float  # by trio's clock: the deadline counts from here


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
    wanted: Wanted = "document"

    @property
    def deadline(self) -> float:
        """When the answer is due, by trio's clock."""
        return self.arrived + self.deadline_s

    @property
    def effort(self) -> float:
        """What a pass's field costs, in fields of tiles with the default settings."""
        shade = self.params if isinstance(self.params, ShadeParams) else None
        field = shade.field if shade else self.params
        assert isinstance(field, FieldParams)
        if field.scope == "image":
            return WHOLE_IMAGE
        tiles = field.iterations / LANCZOS_STEPS if field.solver == "lanczos" else 1.0
        return tiles + (OUTLINES if shade and shade.contours == "spectral" else 0.0)

    @property
    def is_drawing(self) -> bool:
        """Whether the answer is a line drawing, which there is as SVG too."""
        return isinstance(self.params, FieldParams) and self.params.render == "contours"


def shade_order(upload: Upload, max_deadline_s: float) -> Order:
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
    return _order("shade", spec, upload, passes=spec.passes, background=spec.background)


def field_order(upload: Upload, max_deadline_s: float) -> Order:
    """The order for a field; as `shade_order`."""
    spec = parse_field(
        upload.pairs,
        upload.spec_json,
        max_deadline_s=max_deadline_s,
        has_source=upload.has_source,
    )
    background = WHITE if spec.background == "transparent" else spec.background
    return _order("field", spec, upload, passes=1, background=background)


def _order(
    kind: Literal["shade", "field"],
    spec: ShadeSpec | FieldSpec,
    upload: Upload,
    *,
    passes: int,
    background: str,
) -> Order:
    return Order(
        kind=kind,
        image=upload.image,
        name=upload.name,
        params=spec.to_params(),
        passes=passes,
        max_side=spec.max_side,
        background=background,
        deadline_s=spec.deadline_s,
        arrived=upload.arrived,
    )
