"""What keeps a provider from running here, as far as can be told without opening a session."""

import ctypes
import re
import sys
from dataclasses import dataclass

from sr_batch.core.errors import SrBatchError
from sr_batch.core.installing import pip
from sr_batch.inference.onnx_runtime import (
    compiled_providers,
    cuda_version,
    plugin_devices,
    preload_cuda,
    processor_vendor,
)

CUDA = "CUDAExecutionProvider"
OPENVINO_PLUGIN = "onnxruntime_ep_openvino"


@dataclass(frozen=True)
class Fault:
    """Why a provider cannot be used.

    Attributes:
        what: The reason.
        fix: The command or step that fixes it; None if nothing is broken, as on a machine without
            a GPU.
    """

    what: str
    fix: str | None = None

    def __str__(self) -> str:
        return f"{self.what}; to fix it: {self.fix}" if self.fix else self.what


def find_cuda_fault() -> Fault | None:
    """Why CUDA cannot run here, as far as can be told without opening a session."""
    built_for = cuda_version()
    if CUDA not in compiled_providers() or built_for is None:
        return Fault("this onnxruntime was built without CUDA", "sr-batch doctor")
    return _driver_fault(built_for) or _library_fault()


def _driver_fault(built_for: str) -> Fault | None:
    driver = driver_cuda()
    if driver is None:
        return Fault("no NVIDIA driver was found")
    if driver[0] < int(built_for.split(".")[0]):
        return Fault(
            f"the NVIDIA driver supports CUDA up to {driver[0]}.{driver[1]}, but onnxruntime needs"
            f" {built_for}",
            f"update the driver, or {pip('install', 'onnxruntime-gpu[cuda,cudnn]<1.27')}",
        )
    return None


def _library_fault() -> Fault | None:
    missing = missing_libraries(preload_cuda())
    if not missing:
        return None
    return Fault(
        f"CUDA libraries are missing ({', '.join(missing)})",
        pip("install", "onnxruntime-gpu[cuda,cudnn]"),
    )


def find_openvino_fault() -> Fault | None:
    """Why OpenVINO cannot run here."""
    try:
        devices = plugin_devices(OPENVINO_PLUGIN)
    except ImportError:
        package = OPENVINO_PLUGIN.replace("_", "-")
        return Fault(f"{package} is not installed", pip("install", package))
    except SrBatchError as fault:
        return Fault(str(fault), pip("install", "--upgrade", OPENVINO_PLUGIN.replace("_", "-")))
    if not devices:
        vendor = processor_vendor()
        return Fault(f"OpenVINO runs on Intel processors only, and this one is from {vendor}")
    return None


def find_bf16_fault() -> Fault | None:
    """Why OpenVINO cannot compute in bfloat16. It would silently use float32 instead."""
    if fault := find_openvino_fault():
        return fault
    able = plugin_devices(OPENVINO_PLUGIN)[0].ep_metadata.get("OPTIMIZATION_CAPABILITIES", "")
    return None if "BF16" in able.split() else Fault("this processor does not support bfloat16")


def driver_cuda() -> tuple[int, int] | None:
    """The newest CUDA version that the NVIDIA driver supports; None without a driver."""
    try:
        library = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    version = ctypes.c_int()
    if library.cuDriverGetVersion(ctypes.byref(version)) != 0:
        return None
    return version.value // 1000, version.value % 1000 // 10


def missing_libraries(preload_output: str) -> tuple[str, ...]:
    """The libraries that ONNX Runtime could not preload, read from what it printed.

    A path that failed does not count, because ONNX Runtime tries the bare name next.
    """
    names = re.findall(r"^Failed to load ([^\s/\\]+):", preload_output, flags=re.MULTILINE)
    return tuple(dict.fromkeys(names))
