import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sr_batch.core.errors import DeviceUnavailable, SrBatchError, UnknownModel, UsageError
from sr_batch.inference import providers
from sr_batch.inference.onnx_session import CPU, OnnxSession, plugin_devices, processor_vendor
from sr_batch.inference.providers import (
    OPENVINO,
    OPENVINO_PLUGIN,
    PROVIDERS,
    Fault,
    device_of,
    find_bf16_fault,
    find_cuda_fault,
    find_openvino_fault,
    missing_libraries,
    open_session,
    require_known,
)
from tests.networks import conv_network, nan_network

CUDA_FAULT = find_cuda_fault()


def silent(line: str) -> None:
    raise AssertionError(line)


def test_the_processor_is_always_there(tmp_path: Path) -> None:
    session = open_session(conv_network(tmp_path / "net.onnx"), "cpu", silent)
    assert session.provider == CPU
    assert device_of(session) == "cpu"


def test_auto_says_in_one_line_what_it_chose_and_why(tmp_path: Path) -> None:
    lines: list[str] = []
    session = open_session(conv_network(tmp_path / "net.onnx"), "auto", lines.append)
    (line,) = lines
    assert "\n" not in line
    assert line.startswith(f"device: {device_of(session)}")
    if CUDA_FAULT:
        assert line == f"device: cpu, as {CUDA_FAULT}"


def test_a_device_that_cannot_be_had_is_an_error_that_says_why(tmp_path: Path) -> None:
    """With a GPU and its libraries the same call must really run there."""
    path = conv_network(tmp_path / "net.onnx")
    if CUDA_FAULT is None:
        assert open_session(path, "cuda", silent).provider == PROVIDERS["cuda"].name
        return
    with pytest.raises(DeviceUnavailable) as caught:
        open_session(path, "cuda", silent)
    assert caught.value.exit_code == 4
    assert str(caught.value).startswith(f"--device cuda: {CUDA_FAULT}")


def test_what_onnxruntime_cannot_give_is_not_taken_for_given(tmp_path: Path) -> None:
    """Past all that can be seen beforehand: the session itself says where it runs."""
    table = {"odd": providers.Provider("NoSuchExecutionProvider")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "PROVIDERS", table)
        with pytest.raises(DeviceUnavailable, match=r"--device odd: .*sr-batch doctor"):
            open_session(conv_network(tmp_path / "net.onnx"), "odd", silent)


def test_auto_goes_on_to_the_next_device(tmp_path: Path) -> None:
    broken = providers.Provider("NoSuchExecutionProvider", {}, lambda: Fault("it rains"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "PROVIDERS", {"rain": broken, "cpu": PROVIDERS["cpu"]})
        lines: list[str] = []
        open_session(nan_network(tmp_path / "net.onnx"), "auto", lines.append)
    assert lines == ["device: cpu, as it rains"]


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_broken_file_is_no_fault_of_the_device(tmp_path: Path, device: str) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(UnknownModel, match=r"net\.onnx"):
        open_session(path, device, silent)


def test_names_the_devices_there_are() -> None:
    with pytest.raises(UsageError, match="--device gpu: allowed is auto, cpu, cuda, openvino"):
        require_known("gpu")
    for device in ("auto", "cpu", "cuda", "openvino", "openvino-bf16"):
        require_known(device)


def test_a_fault_says_how_to_mend_it() -> None:
    assert str(Fault("it is off", "switch it on")) == "it is off; to mend it: switch it on"
    assert str(Fault("there is none")) == "there is none"


# As onnxruntime 1.31 prints it: what pip installed first, the bare names after that.
PRELOADING = """\
Failed to load /env/nvidia/cu13/lib/libcublas.so.13: libcublasLt.so.13: cannot open shared object \
file: No such file or directory
Failed to load libcublasLt.so.13: libcublasLt.so.13: cannot open shared object file: No such file \
or directory
Failed to load libcurand.so.10: libcurand.so.10: cannot open shared object file: No such file or \
directory
Please follow https://onnxruntime.ai/docs/install/#cuda-and-cudnn to install CUDA.
"""


def test_reads_the_missing_libraries_from_what_was_printed() -> None:
    assert missing_libraries(PRELOADING) == ("libcublasLt.so.13", "libcurand.so.10")
    assert missing_libraries("") == ()


def test_openvino_is_installed_where_it_can_be() -> None:
    """So that what follows tests more than its absence."""
    if os.environ.get("CI") and sys.platform == "linux":
        assert find_spec(OPENVINO_PLUGIN)


@pytest.mark.parametrize(
    ("device", "find_fault", "tolerance"),
    [("openvino", find_openvino_fault, 1e-5), ("openvino-bf16", find_bf16_fault, 0.01)],
)
def test_openvino_runs_or_says_why_not(
    tmp_path: Path, device: str, find_fault: Callable[[], Fault | None], tolerance: float
) -> None:
    """On an Intel processor it must really run, and give what the CPU provider gives."""
    path = conv_network(tmp_path / "net.onnx")
    fault = find_fault()
    if fault is None:
        session = open_session(path, device, silent)
        image = np.random.default_rng(0).random((1, 3, 40, 50), np.float32)
        assert session.provider == OPENVINO
        assert np.abs(session(image) - OnnxSession.open(path)(image)).max() < tolerance
        return
    with pytest.raises(DeviceUnavailable) as caught:
        open_session(path, device, silent)
    assert caught.value.exit_code == 4
    assert str(caught.value).startswith(f"--device {device}: {fault}")


@pytest.mark.skipif(find_spec(OPENVINO_PLUGIN) is None, reason="speaks of what is installed")
def test_openvino_names_the_processor_that_it_does_not_run_on() -> None:
    fault = find_openvino_fault()
    if plugin_devices(OPENVINO_PLUGIN):
        assert fault is None
    else:
        assert fault == Fault(
            f"OpenVINO runs on Intel processors, this one is by {processor_vendor()}"
        )


def test_openvino_that_is_not_installed_is_a_pip_command_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(providers, "OPENVINO_PLUGIN", "onnxruntime_ep_absent")
    fault = find_openvino_fault()
    assert find_bf16_fault() == fault
    assert fault is not None
    assert fault.what == "onnxruntime-ep-absent is not installed"
    assert fault.mend == f"{sys.executable} -m pip install onnxruntime-ep-absent"


def test_a_plugin_that_cannot_be_loaded_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_plugin.py").write_text(
        "def get_library_path(): return __file__\ndef get_ep_name(): return 'Broken'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SrBatchError, match=r"^broken_plugin cannot be loaded: .") as caught:
        plugin_devices("broken_plugin")
    assert "\n" not in str(caught.value)


def test_auto_leaves_alone_what_must_be_asked_for(tmp_path: Path) -> None:
    named = providers.Provider(CPU, by_itself=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "PROVIDERS", {"named": named, "cpu": PROVIDERS["cpu"]})
        lines: list[str] = []
        open_session(conv_network(tmp_path / "net.onnx"), "auto", lines.append)
    assert lines == ["device: cpu"]
