"""The field on a GPU: time alone and in a batch, how busy the device is, and whether it is right.

    python -m benchmarks.cuda [--images 64] [--device cuda] [--side 512]

Prints one table. Reads nothing but the photographs of scikit-image, of which it cuts its images.
"""

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median

import torch
from skimage import data
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from worker.kinds.solving import field_settings
from worker.kinds.warmup import FIELD
from worker.numerics.field import FieldSolver
from worker.numerics.field_state import FieldSettings, TileStatus
from worker.numerics.kernels import kernels_for
from worker.numerics.laplacian import image_laplacian
from worker.numerics.tile_batch import TileBatch
from worker.numerics.tiling import tile_image

REPEATS, STEPS = 7, 12


def photographs(count: int, side: int) -> Tensor:
    """(count, 3, side, side) in [0, 1]: the same picture never twice."""
    sources = (data.astronaut(), data.coffee(), data.chelsea(), data.rocket())
    images = []
    for i in range(count):
        pixels = torch.from_numpy(sources[i % 4].copy()).permute(2, 0, 1)[None].float() / 255
        turned = torch.rot90(pixels.flip(3) if i // 16 % 2 else pixels, i // 4 % 4, (2, 3))
        brighter = turned * (1 - i // 32 * 0.1)
        images.append(torch.nn.functional.interpolate(brighter, (side, side), mode="area"))
    return torch.cat(images)


def alone(image: Tensor, settings: FieldSettings) -> FieldSolver:
    """One image as a job solves it."""
    solver = FieldSolver(image, settings)
    while not solver.finished:
        solver.step()
    return solver


def together(images: Tensor, settings: FieldSettings) -> int:
    """The tiles of all images in one batch; returns how many converged in single precision."""
    tiling = tile_image(*images.shape[2:], settings.tile_size, settings.overlap)
    tiles = list(range(tiling.count))
    rgb = torch.cat([tiling.crop(image, tiles) for image in images])
    batch = TileBatch(rgb, settings.stencil, settings.tau, 4)
    for _ in range(STEPS):
        going = (batch.certify().bound > settings.tolerance).nonzero()[:, 0]
        if not len(going):
            return len(rgb)
        if len(going) <= 0.75 * batch.size:
            batch.keep(going)
        batch.step()
    return len(rgb) - len(going)


def seconds(call: Callable[[], object], device: torch.device) -> float:
    """Median wall time of a call and of all it has put on the device."""
    times = []
    for _ in range(REPEATS + 2):  # the first two compile and allocate
        synchronise(device)
        started = time.perf_counter()
        call()
        synchronise(device)
        times.append(time.perf_counter() - started)
    return median(times[2:])


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def busy(call: Callable[[], object], wall_s: float) -> tuple[float, list[str]]:
    """The share of the wall time in which kernels run, and what takes most of it."""
    with profile(activities=[ProfilerActivity.CUDA]) as recorded:
        call()
        torch.cuda.synchronize()
    events = sorted(recorded.key_averages(), key=lambda e: -e.self_device_time_total)
    kernels_s = sum(e.self_device_time_total for e in events) / 1e6
    largest = [
        f"{e.self_device_time_total / 1e3:9.2f} ms {e.count:5d} x {e.key[:70]}" for e in events[:12]
    ]
    return kernels_s / wall_s, largest


def bandwidth(image: Tensor, settings: FieldSettings) -> tuple[float, float]:
    """Milliseconds of one product with four vectors, and the gigabytes of weights a second."""
    tiling = tile_image(*image.shape[1:], settings.tile_size, settings.overlap)
    rgb = tiling.crop(image, list(range(tiling.count)))
    laplacian = image_laplacian(rgb, settings.stencil, settings.tau)
    X = torch.rand(len(rgb), 4, rgb[0, 0].numel(), device=image.device)
    repeats = 20
    took_s = seconds(lambda: [laplacian.apply(X) for _ in range(repeats)], image.device) / repeats
    return took_s * 1e3, laplacian.weights.nbytes / took_s / 1e9


def agreement(here: FieldSolver, there: FieldSolver) -> tuple[float, float, int]:
    """Least |cos| of the Fiedler vectors that both call converged, and how far lambda_2 differs."""
    both = (here.status == TileStatus.CONVERGED) & (there.status == TileStatus.CONVERGED)
    cosine = (here.vectors[:, 0].cpu() * there.vectors[:, 0].cpu()).sum(1).abs()[both]
    apart = (here.theta[:, 0] / there.theta[:, 0] - 1).abs()[both]
    return float(cosine.min()), float(apart.max()), int(both.sum())


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--images", type=int, default=64)
    arguments.add_argument("--side", type=int, default=512)
    arguments.add_argument("--device", default="cuda")
    asked = arguments.parse_args()
    device = torch.device(asked.device)
    if device.type == "cuda":
        if not torch.cuda.is_available():
            print("No CUDA device here: there is nothing to measure.", file=sys.stderr)
            return 1
        device = torch.device("cuda", torch.cuda.current_device())
        print(torch.cuda.get_device_name(device), f"torch {torch.__version__}")
    print("kernels:", kernels_for(device).__name__)
    images = photographs(asked.images, asked.side)
    there = images.to(device)
    settings = field_settings(FIELD, device)
    with torch.inference_mode():
        report(images[0], there, settings)
    return 0


def report(image: Tensor, there: Tensor, settings: FieldSettings) -> None:
    device, count = there.device, len(there)
    once_s = seconds(lambda: alone(there[0], settings), device)
    print(f"one image              {once_s * 1e3:9.2f} ms")
    all_s = seconds(lambda: together(there, settings), device)
    print(f"an image in {count:4d}       {all_s * 1e3 / count:9.2f} ms")
    product_ms, gigabytes = bandwidth(there[0], settings)
    print(f"a product              {product_ms:9.3f} ms {gigabytes:8.0f} GB/s of weights")
    on_cpu = alone(image, field_settings(FIELD, image.device))
    least, apart, both = agreement(alone(there[0], settings), on_cpu)
    print(f"against the CPU        {least:9.6f} least |cos| of {both} tiles")
    print(f"                       {apart:9.1e} largest relative difference of lambda_2")
    same = torch.equal(alone(there[0], settings).vectors, alone(there[0], settings).vectors)
    print(f"twice the same bytes   {same!s:>9}")
    if device.type == "cuda":
        for name, call, took_s in (
            ("one image", lambda: alone(there[0], settings), once_s),
            (f"{count} images", lambda: together(there, settings), all_s),
        ):
            share, largest = busy(call, took_s)
            print(f"device busy, {name:10s}{share * 100:9.1f} %", *largest, sep="\n    ")


if __name__ == "__main__":
    sys.exit(main())
