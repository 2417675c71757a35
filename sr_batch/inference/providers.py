"""The execution providers that networks run on, and how one of them is chosen."""

import ctypes
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch.core.errors import DeviceUnavailable, SrBatchError, UnknownModel, UsageError
from sr_batch.core.installing import pip
from sr_batch.inference.onnx_runtime import (
    CPU,
    compiled_providers,
    cuda_version,
    plugin_devices,
    preload_cuda,
    processor_vendor,
)
from sr_batch.inference.onnx_session import OnnxSession, read_spec
from sr_batch.inference.session import Session

CUDA = "CUDAExecutionProvider"
OPENVINO = "OpenVINOExecutionProvider"
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


@dataclass(frozen=True)
class Provider:
    """One way to run a network.

    Attributes:
        name: ONNX Runtime's name of the provider.
        options: ONNX Runtime's options for it.
        find_fault: Checks, before a session is opened, what keeps it from running here.
        plugin: Package that contains the provider; empty if ONNX Runtime contains it.
        automatic: Whether ``auto`` may choose it.
        batch: Largest number of tiles in one call; more than one does not pay on a CPU.
        window: Side in LR pixels of the windows of all tiles of all images; None if they may have
            any size.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    find_fault: Callable[[], Fault | None] = lambda: None
    plugin: str = ""
    automatic: bool = True
    batch: int = 1
    window: int | None = None


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


def _openvino(precision: str, find_fault: Callable[[], Fault | None]) -> Provider:
    """OpenVINO at a fixed precision: by default it uses bfloat16 if it can, which is visible."""
    config = json.dumps({"CPU": {"INFERENCE_PRECISION_HINT": precision}})
    return Provider(OPENVINO, {"load_config": config}, find_fault, OPENVINO_PLUGIN, automatic=False)


# `auto` tries them in this order and uses the first one that works.
PROVIDERS: Mapping[str, Provider] = {
    "cuda": Provider(
        CUDA,
        {
            "arena_extend_strategy": "kSameAsRequested",
            "cudnn_conv_algo_search": "HEURISTIC",  # exhaustive would run for each tile shape
            "use_tf32": "0",  # its 10 bits are visible in the picture
        },
        find_cuda_fault,
        batch=4,
        window=256,
    ),
    "cpu": Provider(CPU),
    "openvino": _openvino("f32", find_openvino_fault),
    "openvino-bf16": _openvino("bf16", find_bf16_fault),
}


def open_session(
    path: Path, device: str, notify: Callable[[str], None], threads: int = 1
) -> OnnxSession:
    """Open the network at ``path`` on ``device``; ``auto`` chooses the first that works.

    Args:
        path: An exported ONNX file.
        device: A key of ``PROVIDERS``, or ``auto``.
        notify: Receives one line that says what ``auto`` chose, and why, unless that is the CPU of
            a machine that has no other device.
        threads: CPU threads for one call.

    Raises:
        DeviceUnavailable: ``device`` cannot run here; the message says how to fix it.
        UnknownModel: as :meth:`OnnxSession.open`.
    """
    require_known(device)
    if device != "auto":
        session = _try(path, device, threads)
        if isinstance(session, Fault):
            raise DeviceUnavailable(
                f"--device {device}: {session}; to use another device: --device auto"
            )
        return session
    faults: list[Fault] = []
    for name in (name for name, provider in PROVIDERS.items() if provider.automatic):
        session = _try(path, name, threads)
        if isinstance(session, OnnxSession):
            if name != "cpu" or any(fault.fix for fault in faults):
                reasons = " and ".join(map(str, faults))
                notify(f"device: {name}, because {reasons}" if reasons else f"device: {name}")
            return session
        faults.append(session)
    raise DeviceUnavailable(f"no device can run {path}: {faults[-1]}")


def require_known(device: str) -> None:
    """Raise UsageError unless ``device`` is ``auto`` or a key of ``PROVIDERS``."""
    if device not in {"auto", *PROVIDERS}:
        names = ", ".join(["auto", *sorted(PROVIDERS)])
        raise UsageError(f"--device {device}: must be one of {names}")


def device_of(session: Session) -> str:
    """The key of ``PROVIDERS`` for the device that ``auto`` chose to run ``session``."""
    return next(key for key, each in PROVIDERS.items() if each.name == session.provider)


def _try(path: Path, device: str, threads: int) -> OnnxSession | Fault:
    provider = PROVIDERS[device]
    if fault := provider.find_fault():
        return fault
    try:
        session = OnnxSession.open(path, provider.name, provider.options, threads, provider.plugin)
    except UnknownModel as refusal:
        read_spec(path)  # raises if the file is at fault, and not the device
        return Fault(str(refusal), "sr-batch doctor")
    if session.provider != provider.name:
        return Fault(f"ONNX Runtime used {session.provider} instead", "sr-batch doctor")
    return session


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
