"""What becomes of an order: what it costs, its record, and what is sent to the worker."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from service import tracing
from service.jobs import deadlines
from service.jobs.admission import Work
from service.jobs.data_orders import DataOrder
from service.jobs.jobs import Job, Progress, full_id, new_job_id
from service.jobs.orders import Order
from service.jobs.packed import Packed
from service.pictures.decoder_messages import Header
from service.pictures.decoder_process import File
from service.pictures.encode import FORMATS, check_encodable
from service.pictures.picture import Picture
from service.problems import Refused
from worker.wire import messages as wire
from worker.wire.framing import MAX_PAYLOAD

T = TypeVar("T")
AnyOrder = Order | DataOrder
Size = tuple[int, int]  # width and height in pixels


async def each_image(order: Order, look: Callable[[File], Awaitable[T]]) -> tuple[T, ...]:
    """What there is to see in each image; what is wrong with one of two says with which."""
    found = []
    for name, file in order.files.items():
        try:
            found.append(await look(file))
        except Refused as problem:
            if len(order.files) > 1:
                raise type(problem)(f"{name}: {problem.detail}") from problem
            raise
    return tuple(found)


def shrunk(header: Header, max_side: int | None) -> Size:
    """The size that the picture will have."""
    longer = max(header.width, header.height)
    if max_side is None or longer <= max_side:
        return header.width, header.height
    return (
        max(1, round(header.width * max_side / longer)),
        max(1, round(header.height * max_side / longer)),
    )


def check_wanted(order: Order, width: int, height: int) -> None:
    """Let pass what fits into the format that the caller waits for.

    Raises:
        NotAcceptable: it does not.
    """
    for as_format in FORMATS:
        if as_format == order.wanted:
            check_encodable(width, height, as_format)


def work_of(order: Order, sizes: Sequence[Size], worker_by: float) -> Work:
    """What an order asks of the worker, of images of these sizes."""
    target, *source = [width * height for width, height in sizes]
    return Work(
        order.kind,
        target,
        order.passes,
        worker_by,
        order.effort,
        source_pixels=sum(source) if order.solves_source else 0,
        outlines=order.outlines,
    )


def new_record(order: AnyOrder, digested: str, job: str | None = None) -> Job:
    """The record of a job that begins, with this id or one of ours."""
    record = Job(
        id=full_id(order.owner, job or new_job_id()),
        owner=order.owner,
        kind=order.kind,
        created=deadlines.wall_clock(order.arrived),
        deadline_s=order.deadline_s,
        name=order.name,
        resumed_from=order.earlier.id if order.earlier else None,
        digest=digested,
        spec=order.spec,
    )
    if isinstance(order, Order):
        record.background, record.drawing = order.background, order.is_drawing
        record.progress = Progress(passes_total=order.passes if order.kind == "shade" else 0)
    return record


def fitting(work: bytes, inputs: Sequence[Picture | Packed]) -> bytes:
    """Earlier work, or none of it where it does not fit beside the inputs into one frame."""
    size = sum(each.nbytes for each in inputs) + len(work)
    return work if size <= MAX_PAYLOAD else b""


def submit_of(order: Order, pictures: Sequence[Picture], work: bytes = b"") -> wire.Submit:
    """What the worker is told; its id is of this computation, which may outlive its first job."""
    target, *source = pictures
    return wire.Submit(
        job=new_job_id(),
        width=target.width,
        height=target.height,
        channels=target.channels,
        budget_s=0.0,  # until it is known when it leaves
        params=order.params,
        source=wire.Shape(*source[0].shape) if source else None,
        work_bytes=len(work),
        keep_work=order.keep_work,
        explain=order.explain,
        trace=tracing.current(),
    )
