"""Jobs for the sheets, run by the worker's own kinds; what was made once is not made again."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from worker.kinds import make_run
from worker.runs import Run
from worker.wire.config import (
    field_params,
    read_field_config,
    read_shade_config,
    rgb,
    shade_params,
)
from worker.wire.messages import Finished, PassDone, Shape, Submit
from worker.wire.params import JobParams

Values = Mapping[str, object]  # of a spec
NO_LIMIT_S = 3600.0


@dataclass(frozen=True)
class Shaded:
    """What a shading job came to."""

    field: Image.Image  # of the last pass
    passes: list[Image.Image]
    finished: Finished

    @property
    def last(self) -> Image.Image:
        """The result."""
        return self.passes[-1]


class Studio:
    """Named pictures, and the jobs over them."""

    def __init__(
        self,
        pictures: Mapping[str, Callable[[], Image.Image]],
        device: torch.device | None = None,
    ) -> None:
        """Pictures are made when they are first asked for."""
        self._makers = pictures
        self._device = device or torch.device("cpu")
        self._pictures: dict[str, Image.Image] = {}
        self._shaded: dict[str, Shaded] = {}

    def picture(self, name: str) -> Image.Image:
        """A picture by its name, RGB or RGBA."""
        if name not in self._pictures:
            self._pictures[name] = opaque_or_not(self._makers[name]())
        return self._pictures[name]

    def shade(self, target: str, source: str | None = None, **values: object) -> Shaded:
        """The passes of a shading job; `values` as in a spec."""
        key = json.dumps([target, source, values], sort_keys=True)
        if key not in self._shaded:
            self._shaded[key] = self._shade(target, source, values)
        return self._shaded[key]

    def field(self, target: str, **values: object) -> Image.Image:
        """The picture of a field job."""
        run = self._start(target, None, field_params(read_field_config(values)))
        while not run.finished:
            run.step()
        run.conclude(0.0)
        return _field_picture(run)

    def _shade(self, target: str, source: str | None, values: Values) -> Shaded:
        config = read_shade_config(values)
        run = self._start(target, source, shade_params(config))
        picture = self.picture(target)
        passes = []
        while not run.finished:
            for message, payload in run.step():
                if isinstance(message, PassDone):
                    made = Image.frombytes(picture.mode, picture.size, bytes(payload))
                    passes.append(on_paper(made, rgb(config.background)))
        finished, _ = run.conclude(0.0)[-1]
        return Shaded(_field_picture(run), passes, finished)

    def _start(self, target: str, source: str | None, params: JobParams) -> Run:
        picture = self.picture(target)
        other = None if source is None else self.picture(source)
        submit = Submit(
            job=uuid.uuid4().hex,
            width=picture.width,
            height=picture.height,
            channels=len(picture.getbands()),
            budget_s=NO_LIMIT_S,
            params=params,
            source=None if other is None else Shape(*other.size, len(other.getbands())),
        )
        pixels = picture.tobytes() + (b"" if other is None else other.tobytes())
        return make_run(submit, pixels, self._device)


def opaque_or_not(image: Image.Image) -> Image.Image:
    """RGBA where something shows through, else RGB."""
    if image.has_transparency_data:
        full = image.convert("RGBA")
        if full.getchannel("A").getextrema() != (255, 255):
            return full
    return image.convert("RGB")


def on_paper(image: Image.Image, paper: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """What is seen: transparent pixels show the paper."""
    if image.mode != "RGBA":
        return image
    sheet = Image.new("RGBA", image.size, (*paper, 255))
    return Image.alpha_composite(sheet, image).convert("RGB")


def _field_picture(run: Run) -> Image.Image:
    arrays = dict(item for item in run.arrays() if item)
    return Image.fromarray(np.ascontiguousarray(arrays["picture"]))
