"""Where networks run: the table of execution providers, and how one of them is chosen."""

import ctypes
import json
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch.core.errors import DeviceUnavailable, SrBatchError, UnknownModel, UsageError
from sr_batch.inference.onnx_session import (
    CPU,
    OnnxSession,
    compiled_providers,
    cuda_version,
    plugin_devices,
    preload_cuda,
    processor_vendor,
    read_spec,
)
from sr_batch.inference.session import Session

CUDA = "CUDAExecutionProvider"
OPENVINO = "OpenVINOExecutionProvider"
OPENVINO_PLUGIN = "onnxruntime_ep_openvino"


@dataclass(frozen=True)
class Fault:
    """Why a provider cannot be had: what is the case, and the command or step that mends it.

    ``mend`` is None where nothing is broken: a machine without a GPU.
    """

    what: str
    mend: str | None = None

    def __str__(self) -> str:
        return f"{self.what}; to mend it: {self.mend}" if self.mend else self.what


@dataclass(frozen=True)
class Provider:
    """One way to run a network.

    Attributes:
        name: ONNX Runtime's.
        options: Of ONNX Runtime's.
        find_fault: Looks, before a session is made, for what stands in the way.
        plugin: Package that brings it, where ONNX Runtime itself does not.
        by_itself: Whether ``auto`` may take it.
        batch: Tiles that it takes in one call; more than one does not pay on a CPU.
        window: Side in LR pixels of the windows of all tiles of all images; None where any size
            will do.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    find_fault: Callable[[], Fault | None] = lambda: None
    plugin: str = ""
    by_itself: bool = True
    batch: int = 1
    window: int | None = None


def find_cuda_fault() -> Fault | None:
    """What keeps CUDA from running here, as far as can be seen without trying."""
    driver, built_for = driver_cuda(), cuda_version()
    if CUDA not in compiled_providers() or built_for is None:
        return Fault("this onnxruntime was built without CUDA", "sr-batch doctor")
    if driver is None:
        return Fault("no NVIDIA driver was found")
    if driver[0] < int(built_for.split(".")[0]):
        return Fault(
            f"the NVIDIA driver runs CUDA up to {driver[0]}.{driver[1]}, onnxruntime needs"
            f" {built_for}",
            f"update the driver, or {pip('install', 'onnxruntime-gpu[cuda,cudnn]<1.27')}",
        )
    if missing := missing_libraries(preload_cuda()):
        return Fault(
            f"CUDA libraries are missing ({', '.join(missing)})",
            pip("install", "onnxruntime-gpu[cuda,cudnn]"),
        )
    return None


def find_openvino_fault() -> Fault | None:
    """What keeps OpenVINO from running here."""
    try:
        devices = plugin_devices(OPENVINO_PLUGIN)
    except ImportError:
        package = OPENVINO_PLUGIN.replace("_", "-")
        return Fault(f"{package} is not installed", pip("install", package))
    except SrBatchError as fault:
        return Fault(str(fault), pip("install", "--upgrade", OPENVINO_PLUGIN.replace("_", "-")))
    if not devices:
        return Fault(f"OpenVINO runs on Intel processors, this one is by {processor_vendor()}")
    return None


def find_bf16_fault() -> Fault | None:
    """What keeps OpenVINO from bfloat16; without it, it would take float32 and say nothing."""
    if fault := find_openvino_fault():
        return fault
    able = plugin_devices(OPENVINO_PLUGIN)[0].ep_metadata.get("OPTIMIZATION_CAPABILITIES", "")
    return None if "BF16" in able.split() else Fault("this processor does not compute in bfloat16")


def _openvino(precision: str, find_fault: Callable[[], Fault | None]) -> Provider:
    """Left alone, OpenVINO takes bfloat16 where the processor has it, and that shows."""
    config = json.dumps({"CPU": {"INFERENCE_PRECISION_HINT": precision}})
    return Provider(OPENVINO, {"load_config": config}, find_fault, OPENVINO_PLUGIN, by_itself=False)


# In the order in which `auto` tries them; the first one is taken that has no fault.
PROVIDERS: Mapping[str, Provider] = {
    "cuda": Provider(
        CUDA,
        {
            "arena_extend_strategy": "kSameAsRequested",
            "cudnn_conv_algo_search": "HEURISTIC",  # exhaustive would search for each tile's shape
            "use_tf32": "0",  # its 10 bits show in the picture
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
    """Open the network at ``path`` on ``device``, or on the best there is if that is ``auto``.

    Args:
        path: Of an exported ONNX file.
        device: A key of ``PROVIDERS``, or ``auto``.
        notify: Told in one line what ``auto`` chose, and why.
        threads: Of the CPU, for one call.

    Raises:
        DeviceUnavailable: ``device`` cannot be had; the message says how it could.
        UnknownModel: as :meth:`OnnxSession.open`.
    """
    require_known(device)
    if device != "auto":
        session = _try(path, device, threads)
        if isinstance(session, Fault):
            raise DeviceUnavailable(f"--device {device}: {session}; --device auto takes another")
        return session
    faults: list[Fault] = []
    for name in (name for name, provider in PROVIDERS.items() if provider.by_itself):
        session = _try(path, name, threads)
        if isinstance(session, OnnxSession):
            notify(f"device: {name}{''.join(f', as {fault}' for fault in faults)}")
            return session
        faults.append(session)
    raise DeviceUnavailable(f"no device runs {path}: {faults[-1]}")


def require_known(device: str) -> None:
    """Raise UsageError unless ``device`` is ``auto`` or one of ours."""
    if device not in {"auto", *PROVIDERS}:
        names = ", ".join(["auto", *sorted(PROVIDERS)])
        raise UsageError(f"--device {device}: allowed is {names}")


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
        read_spec(path)  # raises the same if it is the file's fault
        return Fault(str(refusal), "sr-batch doctor")
    if session.provider != provider.name:
        return Fault(f"ONNX Runtime took {session.provider} instead", "sr-batch doctor")
    return session


def driver_cuda() -> tuple[int, int] | None:
    """The newest CUDA that the NVIDIA driver runs, (major, minor); None without a driver."""
    try:
        library = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    version = ctypes.c_int()
    if library.cuDriverGetVersion(ctypes.byref(version)) != 0:
        return None
    return version.value // 1000, version.value % 1000 // 10


def missing_libraries(preload_output: str) -> tuple[str, ...]:
    """The libraries that ONNX Runtime's own preloading could not find, from what it printed.

    A path that failed does not count: the bare name is tried after it.
    """
    names = re.findall(r"^Failed to load ([^\s/\\]+):", preload_output, flags=re.MULTILINE)
    return tuple(dict.fromkeys(names))


def pip(*arguments: str) -> str:
    """A command line that runs pip in this very environment."""
    return shlex.join([sys.executable, "-m", "pip", *arguments])
