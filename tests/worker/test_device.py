import pytest
import torch

from worker.device import DeviceUnusable, choose


def test_the_cpu_when_asked_for_needs_no_warning():
    device = choose("cpu")
    assert (str(device.torch_device), device.warning) == ("cpu", None)
    assert device.healthy(ValueError("of a job"))
    assert device.reserved_bytes() is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_without_cuda_auto_is_the_cpu_with_a_warning_and_cuda_is_an_error():
    device = choose("auto")
    assert device.torch_device.type == "cpu"
    assert "CPU" in device.warning
    with pytest.raises(DeviceUnusable, match="CUDA was asked for but does not work: "):
        choose("cuda")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_with_cuda_auto_is_cuda():
    device = choose("auto")
    assert (device.torch_device.type, device.warning) == ("cuda", None)
    assert device.healthy(ValueError("of a job"))
    assert (device.reserved_bytes() or 0) > 0  # that took some


def test_inside_torch_keeps_no_history():
    with choose("cpu").entered():
        assert torch.is_inference_mode_enabled()
    assert not torch.is_inference_mode_enabled()
