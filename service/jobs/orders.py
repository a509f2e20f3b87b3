"""An upload with its spec checked: everything that a job needs, and nothing of HTTP."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from service.jobs.data_orders import DataOrder
from service.jobs.jobs import Job
from service.pictures.decoder_process import File
from service.pictures.encode import Format
from service.spec.kinds import take_kind
from service.spec.specs import Asked, parse_field, parse_shade
from worker.wire.config import FieldConfig, ShadeConfig
from worker.wire.params import FieldParams, JobParams, ShadeParams

WHITE = "#ffffff"
WHOLE_IMAGE = 4.0  # of the price of a field in tiles, as measured: one graph of the image
LANCZOS_STEPS = 10  # of the reference mode for the price of a field
Wanted = Format | Literal["npz", "svg", "document"]


@dataclass(frozen=True)
class Upload:
    """One or two images as they came, and what was said about them; only the form is checked."""

    image: File
    source: File | None  # where strokes are to be taken from
    name: str  # stem of the file's name, empty when it has none
    pairs: list[tuple[str, str]]  # form fields and query parameters, every occurrence
    spec_json: bytes | None
    arrived: float  # by trio's clock: the deadline counts from here


@dataclass(frozen=True)
class Order:
    """What a caller asks for, and in which form it waits for the answer."""

    kind: Literal["shade", "field"]
    image: File
    source: File | None
    name: str
    params: JobParams
    passes: int
    max_side: int | None  # pixels, of either image
    background: str  # #rrggbb, seen through alpha
    deadline_s: float
    arrived: float  # by trio's clock
    wanted: Wanted = "document"
    earlier: Job | None = None  # to go on from; the images are those of its record then
    work: bytes = b""  # npz of what was left to go on from
    keep_work: bool = True  # whether somebody may want to go on from what it leaves
    explain: bool = False  # whether to keep how each pass came about
    spec: dict[str, Any] = field(default_factory=dict)  # every field but the deadline, as JSON
    owner: str = ""  # whose key the caller has

    @property
    def deadline(self) -> float:
        """When the answer is due, by trio's clock."""
        return self.arrived + self.deadline_s

    @property
    def identity(self) -> list[Any]:
        """What names the work, besides the files."""
        return [self.kind, self.params, self.max_side, self.explain]

    @property
    def effort(self) -> float:
        """What a pass's field costs, in fields of tiles with the default settings."""
        shade = self.params if isinstance(self.params, ShadeParams) else None
        field = shade.field if shade else self.params
        assert isinstance(field, FieldParams)
        if field.scope == "image":
            return WHOLE_IMAGE
        return field.iterations / LANCZOS_STEPS if field.solver == "lanczos" else 1.0

    @property
    def outlines(self) -> bool:
        """Whether outlines may be looked for: with `auto` it depends on what the image shows."""
        shade = self.params
        if not isinstance(shade, ShadeParams) or shade.field.scope == "image":
            return False
        return shade.contours in ("auto", "spectral")

    @property
    def files(self) -> dict[str, File]:
        """The images by their part's name; the source only where there is one."""
        return {"target": self.image} | ({} if self.source is None else {"source": self.source})

    @property
    def solves_source(self) -> bool:
        """Whether the source needs a field: for its strokes, not for its colours."""
        shades = isinstance(self.params, ShadeParams) and self.params.low_gate == "segments"
        return shades and self.source is not None

    @property
    def is_drawing(self) -> bool:
        """Whether the answer is a line drawing, which there is as SVG too."""
        return isinstance(self.params, FieldParams) and self.params.render == "contours"


def shade_order(upload: Upload, max_deadline_s: float) -> Order:
    """The order for a shaded picture.

    Raises:
        Malformed, BadSpec: the spec is not valid.
    """
    asked = parse_shade(
        upload.pairs,
        upload.spec_json,
        max_deadline_s=max_deadline_s,
        has_source=upload.source is not None,
    )
    return Order(
        kind="shade",
        image=upload.image,
        source=upload.source,
        name=upload.name,
        params=asked.params,
        passes=asked.config.passes,
        max_side=asked.max_side,
        background=asked.config.background,
        deadline_s=asked.deadline_s,
        arrived=upload.arrived,
        explain=asked.explain,
        spec=_spec(asked, upload) | {"explain": asked.explain},
    )


def field_order(upload: Upload, max_deadline_s: float) -> Order:
    """The order for a field; as `shade_order`."""
    asked = parse_field(
        upload.pairs,
        upload.spec_json,
        max_deadline_s=max_deadline_s,
        has_source=upload.source is not None,
    )
    paper = asked.config.background
    return Order(
        kind="field",
        image=upload.image,
        source=None,
        name=upload.name,
        params=asked.params,
        passes=1,
        max_side=asked.max_side,
        background=WHITE if paper == "transparent" else paper,
        deadline_s=asked.deadline_s,
        arrived=upload.arrived,
        spec=_spec(asked, upload),
    )


def order_of_kind(upload: Upload, max_deadline_s: float) -> Order:
    """The order for the kind that the spec names; raises as `shade_order`."""
    kind, pairs, spec_json = take_kind(upload.pairs, upload.spec_json)
    rest = replace(upload, pairs=pairs, spec_json=spec_json)
    return (shade_order if kind == "shade" else field_order)(rest, max_deadline_s)


def digest(order: Order | DataOrder) -> str:
    """What names the work: orders of one digest come to the same result. Hashes the files."""
    sizes = [len(each) for each in order.files.values()]
    rest = [*order.identity, sizes]
    found = hashlib.sha256(msgspec.json.encode(rest, order="sorted"))
    for file in order.files.values():
        found.update(file)
    return found.hexdigest()


def _spec(
    asked: Asked[ShadeConfig, ShadeParams] | Asked[FieldConfig, FieldParams], upload: Upload
) -> dict[str, Any]:
    config: dict[str, Any] = msgspec.to_builtins(asked.config)
    mode = "self" if upload.source is None else "cross"
    return config | {"mode": mode, "max_side": asked.max_side}
