"""`itten texture`: a texture as files, of its height, its normals and an egg that wears them."""

import argparse
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from service.commands.data import until_signal
from service.commands.data_places import on_this_machine
from service.commands.local import local_settings
from service.commands.options import MAX_DEADLINE_S
from service.commands.writing import CommandError, refuse_existing, write_file
from service.exits import complain, first_reason
from service.jobs.data_orders import data_order
from service.problems import Problem
from service.spec.data import parse_data

DEMO_A = {"carrier_name": "bean", "operand_name": "checkerboard", "preset": "balanced", "size": 64}
FILES = ("height.png", "height.npy", "normal.png", "egg.png")
DEADLINE_S = 10.0


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        told = _made(options)
    except CommandError as error:
        return complain(str(error), 2)
    except Problem as problem:
        return complain(problem.detail, 1)
    except Exception as error:  # of starting a worker: one line for the caller
        return complain(first_reason(error), 1)
    print(json.dumps(told))
    return 0


def _made(options: argparse.Namespace) -> dict[str, Any]:
    """Make and write the files; returns what there is to say of them."""
    directory = Path(options.output or ".")
    if not directory.is_dir():
        raise CommandError(f"{directory}: is no directory")
    for name in FILES if not options.overwrite else ():
        refuse_existing(directory / name, "-o")
    values = {"params": DEMO_A, "deadline_s": options.deadline}
    order = data_order(parse_data("texture.synth", values, MAX_DEADLINE_S), {}, "", 0.0)
    order = replace(order, keep_work=False)
    settings = local_settings(options.device)
    answered = until_signal(on_this_machine, settings, order, "npz")
    with np.load(io.BytesIO(answered.file), allow_pickle=False) as file:
        made = dict(file)
    files = _files(made)
    for name in FILES:
        write_file(directory / name, files[name], overwrite=options.overwrite, option="-o")
    modes = answered.total - 1  # the last part is the picture
    used = min(answered.done, modes)
    if answered.state == "partial":
        complain(f"texture: partial, {used} of {modes} modes are exact", 0)
    return {
        "state": answered.state,
        "k_used": used,
        "eigenvalues": made["eigenvalues"].tolist(),
        "residuals": made["residuals"].tolist(),
        "files": [str(directory / name) for name in FILES],
    }


def _files(made: dict[str, Any]) -> dict[str, bytes]:
    height = made["height"][..., 0]
    npy = io.BytesIO()
    np.save(npy, height, allow_pickle=False)
    deep = Image.fromarray((height * 65535).round().clip(0, 65535).astype(np.uint16))
    return {
        "height.png": _png(deep),
        "height.npy": npy.getvalue(),
        "normal.png": _png(Image.fromarray(made["normals"])),
        "egg.png": _png(Image.fromarray(made["picture"])),
    }


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="itten texture",
        description="A texture: height.png (16 bit), height.npy, normal.png and egg.png."
        " Others than the demonstration are made by `itten job texture.synth`.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--demo-a", action="store_true", required=True, help="a figure over a checkerboard"
    )
    parser.add_argument("-o", "--output", metavar="DIRECTORY", help="where they go; here")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.add_argument(
        "--deadline", type=float, default=DEADLINE_S, metavar="S", help="seconds until they are due"
    )
    parser.add_argument("--device", help="auto, cuda or cpu")
    return parser
