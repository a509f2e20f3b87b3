"""`itten worker`, `python -m worker`: own the device and compute for a service.

Exit status: 0 when asked to stop, 1 when the device was lost or an address is taken, 2 for wrong
options, 78 when the device that was asked for does not work here.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from worker.engine import MOST_PIXELS, Engine
from worker.program import prepare_process, run_child, run_listening
from worker.runtime import collector, give_back_memory, prepare_libraries
from worker.wire.address import parse_address
from worker.wire.messages import Hello

if TYPE_CHECKING:
    from worker.device import Asked

EX_CONFIG = 78  # as in sysexits.h; the service takes it to mean that trying again is no use


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker until its service hangs up or it is told to stop; return the exit status."""
    options = _parser().parse_args(arguments)
    prepare_process(is_child=options.fd is not None)
    prepare_libraries()
    from worker.device import DeviceUnusable  # late, as torch takes seconds: `--help` need not wait

    try:
        # In a thread that ends. libgomp counts the threads of every thread that has computed, and
        # once there are more than cores it puts them to sleep at each barrier: with a warm-up in
        # this thread, a field on two cores took the engine's thread 4.9 s instead of 1.4 s.
        with ThreadPoolExecutor(1) as thread:
            engine, hello = thread.submit(_warm_engine, options.device, options.threads).result()
    except DeviceUnusable as error:
        return _complain(str(error), EX_CONFIG)
    if options.fd is not None:
        return run_child(options.fd, engine, hello)
    try:
        return run_listening(options.listen, engine, hello)
    except OSError as error:
        return _complain(f"cannot listen: {error}", 1)


def _warm_engine(asked: "Asked", threads: int | None) -> tuple[Engine, Hello]:
    from worker.device import choose, set_threads

    device = choose(asked)
    if device.warning:
        structlog.get_logger().warning(device.warning)
    set_threads(threads)
    from worker.kinds.runs import DeviceRuns
    from worker.kinds.warmup import warm_up

    with device.entered():
        measured = warm_up(device.torch_device)
    hello = Hello(
        device=str(device.torch_device),
        device_name=device.name,
        warning=device.warning,
        field_s_per_mp=measured.field_s,
        coarse_s_per_mp=measured.coarse_s,
        shade_s_per_mp=measured.shade_s,
    )
    runs = DeviceRuns(device.torch_device, device.entered)
    most = MOST_PIXELS.get(device.torch_device.type, MOST_PIXELS["cpu"])
    engine = Engine(
        runs,
        device.entered,
        device.healthy,
        most,
        give_back_memory,
        collector(),
        device.reserved_bytes,
    )
    return engine, hello


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="itten worker", description="Own a device and compute for a service."
    )
    socket = parser.add_mutually_exclusive_group(required=True)
    socket.add_argument(
        "--listen",
        action="append",
        type=parse_address,
        metavar="ADDRESS",
        help="unix:/path or tcp://host:port; may be given more than once. Whoever can connect can "
        "use the device",
    )
    socket.add_argument("--fd", type=int, help="a connected socket, inherited from the service")
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads for torch")
    return parser


def _complain(what: str, status: int) -> int:
    print(f"itten worker: {what}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
