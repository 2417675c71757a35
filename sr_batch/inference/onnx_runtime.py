"""The installed ONNX Runtime and what it offers. No other module imports ``onnxruntime``.

It is loaded on first use, so that ``sr-batch --help`` does not wait for it. The package
``sr_batch`` turns off its telemetry before that.
"""

import io
from contextlib import redirect_stdout, suppress
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np

from sr_batch.core.errors import SrBatchError
from sr_batch.inference.pinned_memory import Allocate

CPU = "CPUExecutionProvider"


@cache
def load_runtime() -> Any:
    """The module ``onnxruntime``, quiet and without telemetry.

    Raises:
        SrBatchError: it is not installed, or cannot be loaded.
    """
    try:
        import onnxruntime
    except ImportError as fault:
        raise SrBatchError(
            f"onnxruntime cannot be loaded ({fault}); to fix it: sr-batch doctor"
        ) from fault
    onnxruntime.set_default_logger_severity(4)  # real errors arrive as exceptions
    onnxruntime.disable_telemetry_events()  # on Windows, which has no variable for it
    return onnxruntime


def compiled_providers() -> tuple[str, ...]:
    """Execution providers that ONNX Runtime was built with; they may still not run here."""
    return tuple(load_runtime().get_available_providers())


def runtime_version() -> str:
    """The version of ONNX Runtime, such as ``1.31.1``."""
    return str(load_runtime().__version__)


def cuda_version() -> str | None:
    """The CUDA version that ONNX Runtime was built for, such as ``13.0``; None without CUDA."""
    return getattr(load_runtime(), "cuda_version", None) or None


@cache
def preload_cuda() -> str:
    """Load the CUDA libraries that pip installed, once. Returns what ONNX Runtime printed."""
    with redirect_stdout(io.StringIO()) as printed:
        load_runtime().preload_dlls(directory="")
    return printed.getvalue()


@cache
def plugin_devices(package: str) -> tuple[Any, ...]:
    """The processors that the execution provider in ``package`` supports; loads it, once.

    Raises:
        ImportError: the package is not installed.
        SrBatchError: ONNX Runtime cannot load the library in it.
    """
    plugin, onnxruntime = import_module(package), load_runtime()
    try:
        onnxruntime.register_execution_provider_library(package, plugin.get_library_path())
    except Exception as fault:  # ONNX Runtime's exceptions have no common base
        raise SrBatchError(f"{package} cannot be loaded: {first_line(fault)}") from fault
    return _devices(plugin.get_ep_name(), onnxruntime.OrtHardwareDeviceType.CPU)


@cache
def pinned_allocator(provider: str) -> Allocate | None:
    """A function that allocates arrays in memory the GPU of ``provider`` can read directly.

    None if the provider has no such memory, or ONNX Runtime does not expose it. Networks run
    without it, too.
    """
    onnxruntime = load_runtime()
    reachable = onnxruntime.OrtDeviceMemoryType.HOST_ACCESSIBLE
    devices = _devices(provider, onnxruntime.OrtHardwareDeviceType.GPU)
    memory = devices[0].memory_info(reachable) if devices else None
    if memory is None:
        return None
    make = onnxruntime.OrtValue.ortvalue_from_shape_and_type
    allocate = partial(make, element_type=np.float32, memory_info=memory)
    with suppress(Exception):  # ONNX Runtime's exceptions have no common base
        allocate((1,)).numpy()
        return allocate
    return None


def processor_vendor() -> str:
    """The vendor of the processor as ONNX Runtime reports it, such as ``AMD``."""
    devices = load_runtime().get_ep_devices()
    return next((str(each.device.vendor) for each in devices if each.ep_name == CPU), "unknown")


def first_line(fault: Exception) -> str:
    """The first line of an ONNX Runtime message, without its ``[ONNXRuntimeError] : 1 : FAIL``."""
    text = str(fault).split(" : ", 3)[-1].strip()
    return text.splitlines()[0] if text else type(fault).__name__


def _devices(provider: str, kind: Any) -> tuple[Any, ...]:
    """The devices of one ``kind`` that ``provider`` supports."""
    return tuple(
        each
        for each in load_runtime().get_ep_devices()
        if each.ep_name == provider and each.device.type == kind
    )
