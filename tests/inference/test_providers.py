import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sr_batch.core.errors import DeviceUnavailable, UnknownModel, UsageError
from sr_batch.inference import provider_faults, providers
from sr_batch.inference.onnx_runtime import CPU, plugin_devices, processor_vendor
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.provider_faults import (
    OPENVINO_PLUGIN,
    Fault,
    find_bf16_fault,
    find_cuda_fault,
    find_openvino_fault,
    missing_libraries,
)
from sr_batch.inference.providers import (
    OPENVINO,
    PROVIDERS,
    open_session,
    require_known,
    settle_device,
)
from tests.networks import conv_network, nan_network

CUDA_FAULT = find_cuda_fault()


def silent(line: str) -> None:
    raise AssertionError(line)


def test_the_cpu_is_always_available(tmp_path: Path) -> None:
    session = open_session(conv_network(tmp_path / "net.onnx"), "cpu", silent)
    assert session.provider == CPU


def test_auto_says_in_one_line_what_it_chose_and_why(tmp_path: Path) -> None:
    lines: list[str] = []
    path = conv_network(tmp_path / "net.onnx")
    device = settle_device("auto", path, lines.append)
    session = open_session(path, "auto", lambda line: None)
    assert session.provider == PROVIDERS[device].name
    if CUDA_FAULT and not CUDA_FAULT.fix:
        assert lines == []
        return
    (line,) = lines
    assert "\n" not in line
    assert line.startswith(f"device: {device}")
    if CUDA_FAULT:
        assert line == f"device: cpu, because {CUDA_FAULT}"


def test_an_unavailable_device_is_an_error_that_says_why(tmp_path: Path) -> None:
    """On a machine with a GPU and its libraries, the same call must really run there."""
    path = conv_network(tmp_path / "net.onnx")
    if CUDA_FAULT is None:
        assert open_session(path, "cuda", silent).provider == PROVIDERS["cuda"].name
        return
    with pytest.raises(DeviceUnavailable) as caught:
        open_session(path, "cuda", silent)
    assert caught.value.exit_code == 4
    assert str(caught.value).startswith(f"--device cuda: {CUDA_FAULT}")


def test_a_session_on_another_provider_is_an_error(tmp_path: Path) -> None:
    """Even if no fault was found before: the session itself tells where it runs."""
    table = {"odd": providers.Provider("NoSuchExecutionProvider")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "PROVIDERS", table)
        with pytest.raises(DeviceUnavailable, match=r"--device odd: .*sr-batch doctor"):
            open_session(conv_network(tmp_path / "net.onnx"), "odd", silent)


def test_auto_goes_on_to_the_next_device(tmp_path: Path) -> None:
    broken = providers.Provider("NoSuchExecutionProvider", {}, lambda: Fault("it rains", "wait"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "PROVIDERS", {"rain": broken, "cpu": PROVIDERS["cpu"]})
        lines: list[str] = []
        open_session(nan_network(tmp_path / "net.onnx"), "auto", lines.append)
    assert lines == ["device: cpu, because it rains; to fix it: wait"]


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_broken_file_is_not_blamed_on_the_device(tmp_path: Path, device: str) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(UnknownModel, match=r"net\.onnx"):
        open_session(path, device, silent)


def test_an_unknown_device_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="--device gpu: must be one of auto, cpu, cuda, openvino"):
        require_known("gpu")
    for device in ("auto", "cpu", "cuda", "openvino", "openvino-bf16"):
        require_known(device)


def test_a_fault_says_how_to_fix_it() -> None:
    assert str(Fault("it is off", "switch it on")) == "it is off; to fix it: switch it on"
    assert str(Fault("there is no GPU")) == "there is no GPU"


# As onnxruntime 1.31 prints it: the libraries that pip installed first, then the bare names.
PRELOADING = """\
Failed to load /env/nvidia/cu13/lib/libcublas.so.13: libcublasLt.so.13: cannot open shared object \
file: No such file or directory
Failed to load libcublasLt.so.13: libcublasLt.so.13: cannot open shared object file: No such file \
or directory
Failed to load libcurand.so.10: libcurand.so.10: cannot open shared object file: No such file or \
directory
Please follow https://onnxruntime.ai/docs/install/#cuda-and-cudnn to install CUDA.
"""


def test_reads_the_missing_libraries_from_the_output() -> None:
    assert missing_libraries(PRELOADING) == ("libcublasLt.so.13", "libcurand.so.10")
    assert missing_libraries("") == ()


def test_openvino_is_installed_in_ci() -> None:
    """Otherwise the tests below would only cover its absence."""
    if os.environ.get("CI") and sys.platform == "linux":
        assert find_spec(OPENVINO_PLUGIN)


@pytest.mark.parametrize(
    ("device", "find_fault", "tolerance"),
    [("openvino", find_openvino_fault, 1e-5), ("openvino-bf16", find_bf16_fault, 0.01)],
)
def test_openvino_runs_or_says_why_not(
    tmp_path: Path, device: str, find_fault: Callable[[], Fault | None], tolerance: float
) -> None:
    """On an Intel processor it must really run, with the results of the CPU provider."""
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


@pytest.mark.skipif(find_spec(OPENVINO_PLUGIN) is None, reason="needs the OpenVINO plugin")
def test_openvino_names_the_vendor_of_an_unsupported_processor() -> None:
    fault = find_openvino_fault()
    if plugin_devices(OPENVINO_PLUGIN):
        assert fault is None
    else:
        assert fault == Fault(
            f"OpenVINO runs on Intel processors only, and this one is from {processor_vendor()}"
        )


def test_a_missing_openvino_package_comes_with_the_pip_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provider_faults, "OPENVINO_PLUGIN", "onnxruntime_ep_absent")
    fault = find_openvino_fault()
    assert find_bf16_fault() == fault
    assert fault is not None
    assert fault.what == "onnxruntime-ep-absent is not installed"
    assert fault.fix == f"{sys.executable} -m pip install onnxruntime-ep-absent"


def test_auto_skips_devices_that_must_be_named(tmp_path: Path) -> None:
    named = providers.Provider(CPU, automatic=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "PROVIDERS", {"named": named, "cpu": PROVIDERS["cpu"]})
        lines: list[str] = []
        open_session(conv_network(tmp_path / "net.onnx"), "auto", lines.append)
    assert lines == []


@pytest.mark.parametrize(
    ("units", "precision", "why"),
    [
        (("avx2", "avx512_vnni"), "int8", "at least 1.7 times as fast here (avx512_vnni)"),
        (("avx2 in halves",), "fp32", "int8 is no faster on this processor (avx2 in halves)"),
        ((), "fp32", "int8 was not measured on this kind of processor"),
    ],
)
def test_a_cpu_says_which_precision_is_fastest_and_why(
    units: tuple[str, ...], precision: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "vector_units", lambda: units)
    for device in ("cpu", "openvino"):
        fastest = PROVIDERS[device].find_fastest()
        assert fastest.precision == precision
        assert why in fastest.why


def test_other_devices_have_their_own_precision() -> None:
    found = {name: PROVIDERS[name].find_fastest().precision for name in ("cuda", "openvino-bf16")}
    assert found == {"cuda": "fp16", "openvino-bf16": "fp32"}
