"""The spectrum of whole pictures: input, three modes, the line drawing, shading by the first mode.

python -m benchmarks.spectrum_sheet [--out sheet.png] [--only coffee,whale] [image ...]
"""

import argparse
import sys
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from benchmarks.contact_sheet import own_pictures, row, shade, stack
from service.spec.specs import parse_field, parse_shade
from worker.kinds.colours import by_rank, viridis
from worker.kinds.drawing import drawing, drawn
from worker.kinds.pixels import to_picture
from worker.kinds.solving import make_solver, modes_of

SHOWN = 3  # modes


def _image(layers: Tensor) -> Image.Image:
    return Image.fromarray(layers.permute(1, 2, 0).contiguous().numpy())


def spectrum(image: Image.Image) -> list[Image.Image]:
    """The first modes, as ranks, and the line drawing."""
    params = parse_field([("render", "contours")]).to_params()
    rgb = to_picture(image.tobytes(), image.height, image.width, 3, torch.device("cpu")).rgb
    solver = make_solver(rgb, params, modes=modes_of(params))
    while not solver.finished:
        solver.step()
    modes = [viridis(by_rank(solver.blend("ramp", False, [c])[0])) for c in range(SHOWN)]
    lines = drawn(drawing(solver), solver, params.background)
    return [_image(layers) for layers in (*modes, lines)]


@torch.inference_mode()
def main() -> int:
    """Make the sheet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="*", type=Path, help="images")
    parser.add_argument("--out", type=Path, default=Path("out/spectrum.png"))
    parser.add_argument("--only", default="", help="of the project's own pictures, by name")
    options = parser.parse_args()
    pictures = {p.stem: Image.open(p).convert("RGB") for p in options.what} or own_pictures()
    shading = parse_shade([("scope", "image"), ("passes", "3")]).to_params()
    rows = []
    for name in options.only.split(",") if options.only else pictures:
        picture = pictures[name].convert("RGB")
        passes, _ = shade(picture, shading)
        rows.append(row([picture, *spectrum(picture), passes[-1]]))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    stack(rows).save(options.out, optimize=True)
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
