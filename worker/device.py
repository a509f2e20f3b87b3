"""Which device the worker computes on, and what torch wants to be told about it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch

from worker.numerics.lanes import cores
from worker.runs import Poisoned

Asked = Literal["auto", "cuda", "cpu"]


class DeviceUnusable(Exception):
    """The device that was asked for does not work here; the message is one line."""


@dataclass(frozen=True)
class Device:
    """The chosen device; `warning` is set when it is the CPU for want of CUDA."""

    torch_device: torch.device
    name: str
    warning: str | None = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Enter before any computation: torch keeps modes, threads and the device per thread."""
        torch.set_num_threads(cores())
        with torch.inference_mode():
            if self.torch_device.type == "cuda":
                with torch.cuda.device(self.torch_device):
                    yield
            else:
                yield

    def reserved_bytes(self) -> int | None:
        """CUDA memory that this process has taken; None on the CPU. Never waits for the device."""
        if self.torch_device.type != "cuda":
            return None
        return torch.cuda.memory_reserved(self.torch_device)

    def healthy(self, error: Exception) -> bool:
        """Return whether the device is as good as before; some CUDA errors outlast the call.

        After wrong results, and without memory, only a new process is.
        """
        if isinstance(error, Poisoned | torch.OutOfMemoryError):
            return False
        try:
            _exercise(self.torch_device)
        except Exception:  # of whatever type: the backends differ
            return False
        return True


def choose(asked: Asked) -> Device:
    """Return CUDA if it works, else the CPU with a warning; `cuda` and `cpu` insist.

    Raises:
        DeviceUnusable: when CUDA was asked for and does not work, or not even the CPU does.
    """
    if asked == "cpu":
        return _cpu(warning=None)
    reason = _why_no_cuda()
    if reason is None:
        device = torch.device("cuda", torch.cuda.current_device())
        return Device(device, torch.cuda.get_device_name(device))
    if asked == "cuda":
        raise DeviceUnusable(f"CUDA was asked for but does not work: {reason}")
    return _cpu(warning=f"No CUDA: {reason}. Computing on the CPU, many times slower.")


def set_threads(threads: int | None) -> None:
    """Limit torch to so many CPU threads; None leaves its own choice."""
    if threads is not None:
        torch.set_num_threads(threads)


def _why_no_cuda() -> str | None:
    if not torch.cuda.is_available():
        if torch.version.cuda is None:
            return f"torch {torch.__version__} was built without it"
        return "torch sees no usable GPU or driver"
    return _failure(lambda: _exercise(torch.device("cuda")))


def _cpu(warning: str | None) -> Device:
    device = torch.device("cpu")
    reason = _failure(lambda: _exercise(device))
    if reason is not None:
        raise DeviceUnusable(f"torch does not work on this CPU: {reason}")
    return Device(device, "CPU", warning)


def _exercise(device: torch.device) -> None:
    # A visible GPU may still lack kernels for this build of torch, or memory, or an intact driver.
    ones = torch.ones(8, 8, device=device)
    if float((ones @ ones).sum().cpu()) != 512.0:
        raise ArithmeticError("8 x 8 ones multiply wrongly")


def _failure(call: Callable[[], None]) -> str | None:
    try:
        call()
    except Exception as error:  # of whatever type: the backends differ
        return (str(error).strip() or type(error).__name__).partition("\n")[0]
    return None
