"""Orders whose answer is data: everything that such a job needs, and nothing of HTTP."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from service.jobs.jobs import Job
from service.pictures.decoder_process import File
from service.problems import Conflict
from service.spec.data import DataSpec
from worker.wire.jobs import KINDS
from worker.wire.jobs.kind import Kind
from worker.wire.params import DataParams


@dataclass(frozen=True, kw_only=True)
class DataOrder:
    """What a caller asks for; as `service.jobs.orders.Order`."""

    kind: str
    files: dict[str, File]  # the parts, as they came
    params: DataParams
    deadline_s: float
    arrived: float  # by trio's clock
    name: str = ""
    earlier: Job | None = None
    work: bytes = b""
    keep_work: bool = True
    spec: dict[str, Any] = field(default_factory=dict)
    owner: str = ""

    @property
    def deadline(self) -> float:
        """When the answer is due, by trio's clock."""
        return self.arrived + self.deadline_s

    @property
    def identity(self) -> list[Any]:
        """What names the work, besides the files."""
        return [self.kind, self.params, sorted(self.files)]

    @property
    def described(self) -> Kind[Any]:
        """What its kind is."""
        return KINDS[self.kind]


def data_order(spec: DataSpec, files: dict[str, File], name: str, arrived: float) -> DataOrder:
    """The order of a spec that was checked."""
    values: dict[str, Any] = msgspec.to_builtins(spec.params)
    return DataOrder(
        kind=spec.kind.name,
        files=files,
        params=DataParams(kind=spec.kind.name, values=values),
        deadline_s=spec.deadline_s,
        arrived=arrived,
        name=name,
        spec={"params": values},
    )


def rest_of_data(job: Job, deadline_s: float, arrived: float) -> DataOrder:
    """The order for what a partial job lacks; its input is in the store.

    Raises:
        Conflict: the job is of a kind that there is no more.
    """
    if job.kind not in KINDS:
        raise Conflict("The job comes from another version of Itten; send a new request.")
    return DataOrder(
        kind=job.kind,
        files={},
        params=DataParams(kind=job.kind, values=job.spec["params"]),
        deadline_s=deadline_s,
        arrived=arrived,
        name=job.name,
        spec=job.spec,
    )
