import sys
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sr_batch.doctor import (
    OPENCVS,
    RUNTIMES,
    check_cv2,
    check_difference,
    check_extras,
    check_family,
    check_models,
    check_onnxruntime,
    check_precision,
    examine,
    installed,
    right_runtime,
)
from sr_batch.inference.model_catalog import ModelFile
from sr_batch.inference.provider_faults import Fault
from sr_batch.inference.providers import Fastest, Provider


def install(folder: Path, name: str, version: str) -> None:
    """Write the metadata of an installed package: its name and version."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n")


def test_finds_both_runtimes_and_the_command_that_fixes_it(tmp_path: Path) -> None:
    install(tmp_path, "onnxruntime", "1.30.0")
    install(tmp_path, "onnxruntime-gpu", "1.31.1")
    packages = installed(distributions(path=[str(tmp_path)]))
    finding = check_family("runtime", RUNTIMES, "onnxruntime-gpu", packages)
    assert finding.status == "warning"
    assert "onnxruntime 1.30.0 and onnxruntime-gpu 1.31.1" in finding.detail
    assert finding.fix == (
        f"{sys.executable} -m pip uninstall --yes onnxruntime onnxruntime-gpu"
        f" && {sys.executable} -m pip install onnxruntime-gpu"
    )


def test_one_runtime_is_ok(tmp_path: Path) -> None:
    install(tmp_path, "OnnxRuntime_GPU", "1.31.1")
    packages = installed(distributions(path=[str(tmp_path)]))
    finding = check_family("runtime", RUNTIMES, "onnxruntime-gpu", packages)
    assert (finding.status, finding.detail) == ("ok", "onnxruntime-gpu 1.31.1")
    assert finding.fix is None


def test_no_runtime_is_an_error() -> None:
    finding = check_family("runtime", RUNTIMES, "onnxruntime", {"numpy": "2.4.0"})
    assert finding.status == "error"
    assert finding.fix == f"{sys.executable} -m pip install onnxruntime"


def test_an_extra_that_is_not_installed_is_no_problem() -> None:
    remote, ray = check_extras({"obstore": "0.12.1"})
    assert (remote.subject, remote.status) == ("remote", "ok")
    assert remote.detail == "obstore 0.12.1, for s3://, gs:// and az:// inputs and outputs"
    assert (ray.subject, ray.status, ray.fix) == ("ray", "info", None)
    assert ray.detail.startswith("not installed; to use --engine ray: ")
    assert "install 'sr-batch[ray]'" in ray.detail


def test_two_opencvs_overwrite_each_other() -> None:
    packages = {"opencv-python": "5.0", "opencv-python-headless": "5.0"}
    finding = check_family("opencv", OPENCVS, "opencv-python-headless", packages)
    assert finding.status == "warning"
    assert finding.fix is not None
    assert finding.fix.endswith("pip install opencv-python-headless")


def test_the_runtime_of_this_machine_is_the_one_installed() -> None:
    assert right_runtime() in installed()


def test_names_the_system_library_that_opencv_needs() -> None:
    error = "libGL.so.1: cannot open shared object file: No such file or directory"
    finding = check_cv2(error)
    assert finding.status == "error"
    assert "libGL.so.1" in finding.detail
    assert finding.fix is not None
    assert finding.fix.endswith("install opencv-python-headless")


def test_a_runtime_that_cannot_be_loaded_is_reinstalled() -> None:
    finding = check_onnxruntime("No module named 'onnxruntime.capi'")
    assert finding.status == "error"
    assert finding.fix is not None
    assert finding.fix.endswith(f"install {right_runtime()}")


def test_a_missing_network_is_an_error(tmp_path: Path) -> None:
    assert check_models([]).status == "error"
    model = ModelFile("espcn", 2, "fp32", tmp_path / "espcn_x2.onnx")
    assert check_models([model]).detail == "espcn_x2"


REFERENCE = np.full((1, 1, 4, 4), 0.5, np.float32)


@pytest.mark.parametrize(
    ("off_by", "status"), [(1e-4, "ok"), (0.02, "warning"), (np.nan, "warning")]
)
def test_compares_a_provider_with_the_cpu(off_by: float, status: str) -> None:
    output = REFERENCE.copy()
    output[0, 0, 1, 1] += off_by
    finding = check_difference("cuda", "CUDAExecutionProvider", output, REFERENCE)
    assert finding.status == status
    assert "CUDAExecutionProvider" in finding.detail


def test_checks_this_machine_by_running_a_network() -> None:
    findings = {finding.subject: finding for finding in examine()}
    assert findings["runtime"].status == "ok"
    assert findings["models"].status == "ok"
    assert findings["cpu"].detail.startswith("CPUExecutionProvider runs ")
    assert ("openvino" in findings) == (find_spec("onnxruntime_ep_openvino") is not None)
    assert "error" not in {finding.status for finding in findings.values()}


def test_says_which_precision_auto_takes_and_why() -> None:
    """For devices that `auto` may choose, and that work."""
    providers = {
        "cpu": Provider("", find_fastest=lambda: Fastest("int8", "it is faster")),
        "cuda": Provider("", find_fault=lambda: Fault("no driver")),
        "openvino": Provider("", automatic=False),
    }
    (finding,) = check_precision(providers)
    assert (finding.subject, finding.status) == ("precision", "ok")
    assert finding.detail == "auto takes int8 on cpu, because it is faster"
