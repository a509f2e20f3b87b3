"""Pictures to judge by eye: input, field and passes side by side, one row per picture.

    python -m benchmarks.contact_sheet [--out sheet.png] [--only whale,coffee] [--no-field]
        [image ...] [field=value ...]

Without images: three photographs and the project's own drawings. `field=value` are spec fields of
a shade job, as in a form.
"""

import argparse
import sys
import uuid
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks import drawings
from service.spec.specs import parse_shade
from worker.kinds.shade import ShadeRun
from worker.wire.messages import Finished, PassDone, Submit
from worker.wire.params import ShadeParams

CELL, GAP = 320, 4  # pixels


def shade(image: Image.Image, params: ShadeParams) -> tuple[list[Image.Image], Finished]:
    """The field's picture and the result of every pass, as the service would make them."""
    rgb = image.convert("RGB")
    submit = Submit(
        job=uuid.uuid4().hex,
        width=rgb.width,
        height=rgb.height,
        channels=3,
        budget_s=3600.0,
        params=params,
    )
    run = ShadeRun(submit, params, rgb.tobytes(), torch.device("cpu"))
    pictures: list[Image.Image] = []
    while not run.finished:
        for message, payload in run.step():
            if isinstance(message, PassDone):
                pictures.append(Image.frombytes("RGB", rgb.size, bytes(payload)))
    finished, _ = run.conclude(0.0)
    field = dict(item for item in run.arrays() if item)["picture"]
    return [Image.fromarray(np.ascontiguousarray(field)), *pictures], finished


def row(pictures: list[Image.Image]) -> Image.Image:
    """Pictures side by side at one height."""
    height = max(1, round(CELL * min(1.0, max(p.height / p.width for p in pictures))))
    strip = Image.new("RGB", ((CELL + GAP) * len(pictures) - GAP, height), (128, 128, 128))
    for i, picture in enumerate(pictures):
        scale = min(CELL / picture.width, height / picture.height)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        how = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
        strip.paste(picture.resize(size, how), (i * (CELL + GAP), 0))
    return strip


def stack(rows: list[Image.Image]) -> Image.Image:
    """Rows one above the other."""
    sheet = Image.new(
        "RGB",
        (max(r.width for r in rows), sum(r.height + GAP for r in rows) - GAP),
        (128, 128, 128),
    )
    y = 0
    for strip in rows:
        sheet.paste(strip, (0, y))
        y += strip.height + GAP
    return sheet


def own_pictures() -> dict[str, Image.Image]:
    """Photographs and drawings that come with the project."""
    return drawings.photographs() | {
        "whale": drawings.whale(),
        "tiles": drawings.tiles(),
        "dither": drawings.dither(),
        "checkerboard": drawings.checkerboard(),
    }


@torch.inference_mode()
def main() -> int:
    """Make the sheet; say what each picture took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="*", help="images, or field=value")
    parser.add_argument("--out", type=Path, default=Path("out/sheet.png"))
    parser.add_argument("--only", default="", help="of the project's own pictures, by name")
    parser.add_argument("--no-field", action="store_true", help="leave out the field's column")
    options = parser.parse_args()
    fields = [tuple(w.split("=", 1)) for w in options.what if "=" in w]
    paths = [Path(w) for w in options.what if "=" not in w]
    params = parse_shade([(str(k), str(v)) for k, v in fields]).to_params()
    pictures = {p.stem: Image.open(p).convert("RGB") for p in paths} or own_pictures()
    rows = []
    for name in options.only.split(",") if options.only else pictures:
        made, finished = shade(pictures[name], params)
        rows.append(row([pictures[name], *made[options.no_field :]]))
        print(f"{name}: field {finished.field_s:.2f} s, shader {finished.shade_s:.2f} s")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    stack(rows).save(options.out, optimize=True)
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
