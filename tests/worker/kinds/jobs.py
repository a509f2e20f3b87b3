"""Small jobs for the tests of their kinds, and a way to run them to their end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from tests.worker.shader.drawings import coloured, generator, line_art, photograph
from worker.kinds import FieldRun, ShadeRun, make_run
from worker.runs import Alone, Emission, Tiles
from worker.wire import messages
from worker.wire.messages import Finished, PassDone, Preview, Shape, Submit
from worker.wire.params import FieldParams, JobParams, PhaseParams, ShadeParams

AnyRun = ShadeRun | FieldRun
CPU = torch.device("cpu")

FIELD = FieldParams(
    tile_size=32,
    overlap=8,
    tolerance=0.03,
    radii=(1, 2, 4),
    radius_weights=(1.0, 0.6, 0.4),
    edge_threshold=0.15,
    align="sign",
    structure_weight=False,
    channel=1,
)
SHADE = ShadeParams(
    field=msgspec.structs.replace(FIELD, structure_weight=True),
    passes=2,
    low_gate="segments",
    overlap_mode="replace",
    shadow_projection="diameter",
    contours="auto",
    percentile=40,
    gate_sharpness=3,
    effect_strength=1,
    decay=1,
    scale="px",
    translation_strength=15,
    shadow_offset=5,
    min_segment_pixels=12,
    max_segments=40,
    max_segment_size=64,
    envelope=(
        PhaseParams(
            thicken_modulation=0.2, kernel_sigma_ratio=0.8, fill_threshold=0.05, dilation_radius=3
        ),
    ),
    background=(255, 255, 255),
)


class Clock:
    """Seconds that pass by themselves: so many with every look."""

    def __init__(self, tick_s: float) -> None:
        self.now, self.tick_s = 100.0, tick_s

    def __call__(self) -> float:
        self.now += self.tick_s
        return self.now


def field_params(**changes: Any) -> FieldParams:
    return msgspec.structs.replace(FIELD, **changes)


def shade_params(**changes: Any) -> ShadeParams:
    return msgspec.structs.replace(SHADE, **changes)


def drawing(height: int = 90, width: int = 100, channels: int = 3) -> npt.NDArray[np.uint8]:
    """Line art (H, W, channels); with four channels the paper is transparent, the ink thin."""
    luma = line_art(height, width)
    rgb = (coloured(luma).permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    alpha = np.where(luma.numpy() < 0.5, 200, 0).astype(np.uint8)[..., None]
    return rgb if channels == 3 else np.concatenate((rgb, alpha), 2)


def photo(side: int = 96) -> npt.NDArray[np.uint8]:
    """A grey photograph (side, side, 3)."""
    grey = (photograph()[:side, :side].numpy() * 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, 2)


def random_pixels(height: int, width: int, channels: int = 3) -> npt.NDArray[np.uint8]:
    return generator(1).integers(0, 256, (height, width, channels), np.uint8)


def start(
    image: npt.NDArray[np.uint8],
    params: JobParams,
    source: npt.NDArray[np.uint8] | None = None,
    budget_s: float = 600.0,
    work: bytes = b"",
    *,
    keep_work: bool = False,
    explain: bool = False,
) -> AnyRun:
    """A run of a job over an image (H, W, c), perhaps with a source (H', W', c').

    With `work`, an npz, it goes on from there.
    """
    submit = Submit(
        job="job-0001",
        width=image.shape[1],
        height=image.shape[0],
        channels=image.shape[2],
        budget_s=budget_s,
        params=params,
        source=None if source is None else shape_of(source),
        work_bytes=len(work),
        keep_work=keep_work,
        explain=explain,
    )
    pixels = image.tobytes() + (b"" if source is None else source.tobytes()) + work
    return make_run(submit, pixels, CPU)


def shape_of(image: npt.NDArray[np.uint8]) -> Shape:
    height, width, channels = image.shape
    return Shape(width, height, channels)


@dataclass
class Story:
    """All that a run told, in order, and how it ended."""

    emissions: list[Emission] = field(default_factory=list)
    steps: int = 0
    finished: Finished | None = None
    pixels: bytes = b""

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message, _ in self.emissions if isinstance(message, kind)]

    @property
    def end(self) -> Finished:
        assert self.finished is not None
        return self.finished


def advance(run: AnyRun, story: Story, until: Callable[[], bool], most: int = 3000) -> Story:
    """Step until the run is finished or `until` says so."""
    while not run.finished and not until():
        story.emissions += run.step()
        story.steps += 1
        assert story.steps < most
    return story


def steps_of(run: AnyRun, count: int) -> Story:
    """What a run tells in its first steps."""
    story = Story()
    return advance(run, story, lambda: story.steps >= count)


def seconds_ahead(run: AnyRun) -> bool:
    """Whether all that a run expects are seconds of a small job."""
    ahead = run.forecast(10.0)
    alone_s = ahead.offer.seconds if isinstance(ahead.offer, Alone) else 0.0
    each_s = ahead.offer.each_s if isinstance(ahead.offer, Tiles) else 0.0
    expected = (ahead.conclude_s, ahead.floor_s, ahead.work_s, alone_s, each_s)
    return all(0 <= seconds < 10 for seconds in expected)


def conclude(run: AnyRun, story: Story) -> Story:
    *told, (finished, payload) = run.conclude(60.0)
    assert isinstance(finished, Finished)
    story.emissions += told
    story.finished = finished
    story.pixels = bytes(payload)
    return story


def finish(run: AnyRun) -> Story:
    """Run to the end."""
    return conclude(run, advance(run, Story(), lambda: False))


def check_story(story: Story, passes: int, of_source: int = 0) -> None:
    """What holds for every job: the order of its messages, their counts and payloads.

    A source whose field has `of_source` tiles comes first.
    """
    job = story.end.job
    assert all(message.job == job for message, _ in story.emissions)
    tiles, total = story.of(messages.Tiles), story.end.tiles_total
    done = [message.done for message in tiles]
    assert done == sorted(done)
    assert all(0 <= message.done <= message.total == total for message in tiles)
    for message in tiles:
        of_pass = story.end.pass_tiles_total if message.pass_index else of_source
        assert 0 <= message.pass_done <= message.pass_total == of_pass
    assert story.end.tiles_done >= max(done, default=0)
    assert story.end.pass_tiles_total * passes + of_source == total
    indices = [message.index for message in story.of(PassDone)]
    assert indices == list(range(1, len(indices) + 1))
    reached = 0 if of_source else 1
    for message, payload in story.emissions:
        check_preview(message, payload)
        if isinstance(message, PassDone):
            reached += 1
        elif isinstance(message, messages.Tiles) and message.pass_index == 1 and reached == 0:
            reached = 1
        elif isinstance(message, messages.Tiles) or (
            isinstance(message, Preview) and message.kind == "field"
        ):
            assert message.pass_index == reached


def check_preview(message: Any, payload: bytes | memoryview) -> None:
    if not isinstance(message, Preview):
        return
    assert len(payload) == message.pixel_width * message.pixel_height * message.channels
    assert min(message.pixel_width, message.pixel_height) >= 1
    assert max(message.pixel_width, message.pixel_height) <= 512
    assert 0 <= message.x < message.x + message.width <= message.full_width
    assert 0 <= message.y < message.y + message.height <= message.full_height
