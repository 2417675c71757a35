import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from sr_batch.doctor import (
    OPENCVS,
    RUNTIMES,
    installed,
    look_at_cv2,
    look_at_driver,
    look_at_family,
    missing_libraries,
    right_runtime,
)


def install(folder: Path, name: str, version: str) -> None:
    """What an installer leaves of a package, as far as its name and version go."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n")


def test_finds_both_runtimes_and_the_command_that_mends_it(tmp_path: Path) -> None:
    install(tmp_path, "onnxruntime", "1.30.0")
    install(tmp_path, "onnxruntime-gpu", "1.31.1")
    packages = installed(distributions(path=[str(tmp_path)]))
    finding = look_at_family("runtime", RUNTIMES, "onnxruntime-gpu", packages)
    assert finding.status == "warning"
    assert "onnxruntime 1.30.0 and onnxruntime-gpu 1.31.1" in finding.detail
    assert finding.fix == (
        f"{sys.executable} -m pip uninstall --yes onnxruntime onnxruntime-gpu"
        f" && {sys.executable} -m pip install onnxruntime-gpu"
    )


def test_one_runtime_is_well(tmp_path: Path) -> None:
    install(tmp_path, "OnnxRuntime_GPU", "1.31.1")
    packages = installed(distributions(path=[str(tmp_path)]))
    finding = look_at_family("runtime", RUNTIMES, "onnxruntime-gpu", packages)
    assert (finding.status, finding.detail) == ("ok", "onnxruntime-gpu 1.31.1")
    assert finding.fix is None


def test_no_runtime_is_an_error() -> None:
    finding = look_at_family("runtime", RUNTIMES, "onnxruntime", {"numpy": "2.4.0"})
    assert finding.status == "error"
    assert finding.fix == f"{sys.executable} -m pip install onnxruntime"


def test_two_opencvs_overwrite_each_other() -> None:
    packages = {"opencv-python": "5.0", "opencv-python-headless": "5.0"}
    finding = look_at_family("opencv", OPENCVS, "opencv-python-headless", packages)
    assert finding.status == "warning"
    assert finding.fix is not None
    assert finding.fix.endswith("pip install opencv-python-headless")


def test_the_runtime_of_this_machine_is_the_one_installed() -> None:
    assert right_runtime() in installed()


def test_names_the_system_library_that_opencv_lacks() -> None:
    error = "libGL.so.1: cannot open shared object file: No such file or directory"
    finding = look_at_cv2(error)
    assert finding is not None
    assert finding.status == "error"
    assert "libGL.so.1" in finding.detail
    assert finding.fix is not None
    assert finding.fix.endswith("install opencv-python-headless")


def test_a_loaded_opencv_is_no_finding() -> None:
    assert look_at_cv2(None) is None


@pytest.mark.parametrize(
    ("driver", "status"),
    [(None, "info"), ((11, 8), "warning"), ((12, 4), "warning"), ((13, 0), "ok"), ((14, 1), "ok")],
)
def test_judges_the_driver(driver: tuple[int, int] | None, status: str) -> None:
    finding = look_at_driver(driver, "13.0")
    assert finding.status == status
    assert (finding.fix is None) == (status != "warning")


def test_an_older_driver_may_take_an_older_runtime() -> None:
    finding = look_at_driver((12, 4), "13.0")
    assert "12.4" in finding.detail
    assert finding.fix is not None
    assert "'onnxruntime-gpu[cuda,cudnn]<1.27'" in finding.fix


# As onnxruntime 1.31.1 printed it on a machine without CUDA.
PRELOADING = """\
Failed to load /env/nvidia/cu13/lib/libcublas.so.13: libcublasLt.so.13: cannot open shared object \
file: No such file or directory
Failed to load libcublasLt.so.13: libcublasLt.so.13: cannot open shared object file: No such file \
or directory
Failed to load libcublas.so.13: libcublas.so.13: cannot open shared object file: No such file or \
directory
Failed to load libcurand.so.10: libcurand.so.10: cannot open shared object file: No such file or \
directory
Please follow https://onnxruntime.ai/docs/install/#cuda-and-cudnn to install CUDA.
"""


def test_reads_the_missing_libraries_from_what_the_runtime_printed() -> None:
    assert missing_libraries(PRELOADING) == (
        "libcublas.so.13",
        "libcublasLt.so.13",
        "libcurand.so.10",
    )
    assert missing_libraries("") == ()
