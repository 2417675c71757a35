"""The execution providers that networks run on, and how one of them is chosen."""

import ctypes
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch.core.cpu import int8_gain, vector_units
from sr_batch.core.errors import DeviceUnavailable, SrBatchError, UnknownModel, UsageError
from sr_batch.core.installing import pip
from sr_batch.core.model_spec import Precision
from sr_batch.inference.onnx_runtime import (
    CPU,
    compiled_providers,
    cuda_version,
    plugin_devices,
    preload_cuda,
    processor_vendor,
)
from sr_batch.inference.onnx_session import OnnxSession, read_spec

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
class Fastest:
    """The precision that a device computes fastest, and why."""

    precision: Precision
    why: str


def fastest_on_cpu() -> Fastest:
    """What this processor computes fastest, by the table of :mod:`sr_batch.core.cpu`."""
    gain = int8_gain(vector_units())
    if gain is None:
        return Fastest("fp32", "int8 was not measured on this kind of processor")
    if not gain.pays:
        return Fastest("fp32", f"int8 is no faster on this processor ({gain.unit})")
    return Fastest("int8", f"it is at least {gain.times:g} times as fast here ({gain.unit})")


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
        find_fastest: What `--precision auto` takes.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    find_fault: Callable[[], Fault | None] = lambda: None
    plugin: str = ""
    automatic: bool = True
    batch: int = 1
    window: int | None = None
    find_fastest: Callable[[], Fastest] = fastest_on_cpu


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


def _openvino(
    precision: str,
    find_fault: Callable[[], Fault | None],
    find_fastest: Callable[[], Fastest] = fastest_on_cpu,
) -> Provider:
    """OpenVINO at a fixed precision: by default it uses bfloat16 if it can, which is visible."""
    return Provider(
        OPENVINO,
        {"load_config": json.dumps({"CPU": {"INFERENCE_PRECISION_HINT": precision}})},
        find_fault,
        OPENVINO_PLUGIN,
        automatic=False,
        find_fastest=find_fastest,
    )


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
        find_fastest=lambda: Fastest("fp16", "GPUs compute it faster"),
    ),
    "cpu": Provider(CPU),
    "openvino": _openvino("f32", find_openvino_fault),
    "openvino-bf16": _openvino(
        "bf16", find_bf16_fault, lambda: Fastest("fp32", "OpenVINO rounds it to bfloat16")
    ),
}


def settle_device(device: str, path: Path, notify: Callable[[str], None]) -> str:
    """The key of ``PROVIDERS`` to use; for ``auto`` the first that can run the network at ``path``.

    Args:
        device: A key of ``PROVIDERS``, or ``auto``.
        path: An exported ONNX file.
        notify: Receives one line that says what ``auto`` chose, and why, unless that is the CPU of
            a machine that has no other device.

    Raises:
        UsageError: there is no such device.
        UnknownModel: the file is at fault.
    """
    require_known(device)
    if device != "auto":
        return device
    name, faults = _first_working(path)
    if name != "cpu" or any(fault.fix for fault in faults):
        reasons = " and ".join(map(str, faults))
        notify(f"device: {name}, because {reasons}" if reasons else f"device: {name}")
    return name


def _first_working(path: Path) -> tuple[str, list[Fault]]:
    """The device that ``auto`` chooses, and why not those before it. The last needs no try."""
    *others, last = (name for name, provider in PROVIDERS.items() if provider.automatic)
    faults: list[Fault] = []
    for name in others:
        tried = _try(path, name, threads=1)
        if not isinstance(tried, Fault):
            return name, faults
        faults.append(tried)
    return last, faults


def open_session(
    path: Path,
    device: str,
    notify: Callable[[str], None],
    threads: int = 1,
    content: bytes | None = None,
) -> OnnxSession:
    """Open the network at ``path`` on ``device``; ``auto`` chooses as in :func:`settle_device`.

    Args:
        path: An exported ONNX file.
        device: A key of ``PROVIDERS``, or ``auto``.
        notify: As for :func:`settle_device`.
        threads: CPU threads for one call.
        content: As for :meth:`OnnxSession.open`.

    Raises:
        DeviceUnavailable: ``device`` cannot run here; the message says how to fix it.
        UnknownModel: as :meth:`OnnxSession.open`.
    """
    settled = settle_device(device, path, notify)
    session = _try(path, settled, threads, content)
    if isinstance(session, Fault):
        raise _unavailable(settled, session)
    return session


def require_available(device: str) -> None:
    """Raise DeviceUnavailable if ``device`` cannot run here, as far as no network is needed."""
    if device != "auto" and (fault := PROVIDERS[device].find_fault()):
        raise _unavailable(device, fault)


def _unavailable(device: str, fault: Fault) -> DeviceUnavailable:
    return DeviceUnavailable(f"--device {device}: {fault}; to use another device: --device auto")


def require_known(device: str) -> None:
    """Raise UsageError unless ``device`` is ``auto`` or a key of ``PROVIDERS``."""
    if device not in {"auto", *PROVIDERS}:
        names = ", ".join(["auto", *sorted(PROVIDERS)])
        raise UsageError(f"--device {device}: must be one of {names}")


def _try(
    path: Path, device: str, threads: int, content: bytes | None = None
) -> OnnxSession | Fault:
    provider = PROVIDERS[device]
    if fault := provider.find_fault():
        return fault
    try:
        session = OnnxSession.open(
            path, provider.name, provider.options, threads, provider.plugin, content
        )
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
