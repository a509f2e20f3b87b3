import warnings
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch
from torch import Tensor

from worker.numerics import kernels
from worker.numerics.kernels import cpu, kernels_for, torch_kernels

HERE = torch.device("cpu")


@pytest.fixture(autouse=True)
def _asked_for_the_first_time() -> Iterator[None]:
    kernels._compiled_for.cache_clear()
    yield
    kernels._compiled_for.cache_clear()


def test_each_kind_of_device_has_its_kernels():
    assert kernels_for(HERE) is cpu
    assert kernels_for(torch.device("meta")) is torch_kernels


def test_with_a_working_triton_a_gpu_gets_the_fused_kernels():
    pytest.importorskip("triton")
    device = torch.device("cuda") if torch.cuda.is_available() else HERE  # there interpreted
    assert kernels._compiled_for(device).__name__ == "worker.numerics.kernels.cuda"


def test_without_triton_a_gpu_computes_in_plain_torch_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch,
):
    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError("No module named 'triton'")

    monkeypatch.setattr(kernels, "import_module", missing)
    with pytest.warns(RuntimeWarning, match="^Triton does not work here: No module named 'triton'"):
        assert kernels._compiled_for(HERE) is torch_kernels
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kernels._compiled_for(HERE) is torch_kernels


def test_kernels_that_compute_wrongly_are_not_used(monkeypatch: pytest.MonkeyPatch):
    class Wrong(ModuleType):
        edge_weights = staticmethod(torch_kernels.edge_weights)

        def apply(self, weights: Tensor, shifts: tuple[int, ...], pad: int, X: Tensor) -> Tensor:
            return X

    monkeypatch.setattr(kernels, "import_module", Wrong)
    with pytest.warns(RuntimeWarning, match="comes out wrong"):
        assert kernels._compiled_for(HERE) is torch_kernels


def test_no_memory_says_nothing_about_triton(monkeypatch: pytest.MonkeyPatch):
    def full(name: str) -> ModuleType:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(kernels, "import_module", full)
    with pytest.raises(torch.OutOfMemoryError):
        kernels._compiled_for(HERE)
