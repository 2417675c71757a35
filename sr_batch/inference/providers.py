"""The execution providers that networks run on, and how one of them is chosen."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch.core.cpu import int8_gain, vector_units
from sr_batch.core.errors import DeviceUnavailable, UnknownModel, UsageError
from sr_batch.core.model_spec import Precision
from sr_batch.inference.onnx_runtime import CPU
from sr_batch.inference.onnx_session import OnnxSession, read_spec
from sr_batch.inference.provider_faults import (
    CUDA,
    OPENVINO_PLUGIN,
    Fault,
    find_bf16_fault,
    find_cuda_fault,
    find_openvino_fault,
)

OPENVINO = "OpenVINOExecutionProvider"


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
