"""Networks on ONNX Runtime: the only file that imports it, and only when a network is opened."""

import io
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout, suppress
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, cast

import numpy as np

from sr_batch.core.cpu import cores
from sr_batch.core.errors import ImageError, OutOfMemory, SrBatchError, UnknownModel
from sr_batch.core.model_spec import ContractError, ModelSpec, from_metadata
from sr_batch.inference.pinned_memory import Allocate, Bound
from sr_batch.inference.session import Batch

CPU = "CPUExecutionProvider"

# How the CPU, CUDA, cuBLAS and cuDNN say that there is no room, in lower case.
_NO_ROOM = (
    "bad_alloc",
    "failed to allocate memory",
    "out of memory",
    "alloc_failed",
    "allocation_failed",
)


class OnnxSession:
    """A :class:`sr_batch.inference.session.Session` of an exported file. Made by :meth:`open`.

    A call runs on the calling thread alone, unless more are asked for: N threads over tiles are
    usually faster than one call on N threads.
    """

    def __init__(self, runtime: Any, spec: ModelSpec, turns: AbstractContextManager[Any]) -> None:
        self._runtime = runtime
        self._turns = turns
        self.spec = spec
        self.provider: str = runtime.get_providers()[0]
        allocate = pinned(self.provider)
        self._run = Bound(runtime, spec.scale, allocate) if allocate else self._run_copied

    @classmethod
    def open(
        cls,
        path: Path,
        provider: str = CPU,
        options: Mapping[str, str] | None = None,
        threads: int = 1,
        plugin: str = "",
    ) -> "OnnxSession":
        """Load the file at ``path``; on the CPU a call runs on ``threads``, and calls take turns.

        Where ``provider`` cannot be had, ONNX Runtime takes the CPU: look at ``.provider``. One
        that is in the package ``plugin`` must have a device here and take the whole network.

        Raises:
            UnknownModel: no such file, no ONNX, or none that carries our contract.
        """
        settings, wanted = _settings(threads=threads), None
        if plugin:
            settings.add_provider_for_devices(plugin_devices(plugin)[:1], dict(options or {}))
            settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        else:
            wanted = [(provider, dict(options or {})), *([CPU] if provider != CPU else [])]
        runtime = _load(path, settings, wanted)
        turns = nullcontext() if threads == 1 else BoundedSemaphore(max(1, cores() // threads))
        return cls(runtime, _spec(runtime, path), turns)

    def __call__(self, batch: Batch) -> Batch:
        """Map (N, C, H, W) float32, 0..1, to (N, C, H*s, W*s) float32, unclipped.

        Raises:
            OutOfMemory: there is no room for this size.
            ImageError: the network fails on this input, or breaks its contract.
        """
        try:
            with self._turns:
                output = self._run(batch)
        except Exception as fault:  # its exceptions have no common base
            raise _translated(fault) from fault
        count, channels, height, width = batch.shape
        scale = self.spec.scale
        if output.shape != (count, channels, height * scale, width * scale):
            raise ImageError(
                f"the network {self.spec.name} gives {output.shape} for {batch.shape},"
                f" which is not the x{scale} of its contract"
            )
        return np.asarray(output, np.float32)

    def _run_copied(self, batch: Batch) -> Batch:
        (output,) = self._runtime.run(["output"], {"input": batch})
        return cast(Batch, output)


def read_spec(path: Path) -> ModelSpec:
    """The contract of the file at ``path``. Raises UnknownModel as :meth:`OnnxSession.open`."""
    return _spec(_load(path, _settings(optimize=False), [CPU]), path)


def compiled_providers() -> tuple[str, ...]:
    """What the installed ONNX Runtime was built with; says nothing of what runs here."""
    return tuple(_onnxruntime().get_available_providers())


def runtime_version() -> str:
    """Of the installed ONNX Runtime."""
    return str(_onnxruntime().__version__)


def cuda_version() -> str | None:
    """The CUDA that the installed ONNX Runtime was built for, such as ``13.0``."""
    return getattr(_onnxruntime(), "cuda_version", None) or None


@cache
def preload_cuda() -> str:
    """Load the CUDA libraries that pip installed; once. What ONNX Runtime printed about it."""
    with redirect_stdout(io.StringIO()) as printed:
        _onnxruntime().preload_dlls(directory="")
    return printed.getvalue()


@cache
def plugin_devices(package: str) -> tuple[Any, ...]:
    """The processors that the execution provider in ``package`` runs on; loads it, once.

    Raises:
        ImportError: the package is not installed.
        SrBatchError: ONNX Runtime cannot load what is in it.
    """
    plugin, onnxruntime = import_module(package), _onnxruntime()
    try:
        onnxruntime.register_execution_provider_library(package, plugin.get_library_path())
    except Exception as fault:  # its exceptions have no common base
        raise SrBatchError(f"{package} cannot be loaded: {_sentence(fault)}") from fault
    return _devices(plugin.get_ep_name(), onnxruntime.OrtHardwareDeviceType.CPU)


@cache
def pinned(provider: str) -> Allocate | None:
    """What makes arrays in memory that the GPU of ``provider`` reaches by itself.

    None: it has none, or none that ONNX Runtime gives away; networks run without it, too.
    """
    onnxruntime = _onnxruntime()
    reached = onnxruntime.OrtDeviceMemoryType.HOST_ACCESSIBLE
    devices = _devices(provider, onnxruntime.OrtHardwareDeviceType.GPU)
    memory = devices[0].memory_info(reached) if devices else None
    if memory is None:
        return None
    make = onnxruntime.OrtValue.ortvalue_from_shape_and_type
    allocate = partial(make, element_type=np.float32, memory_info=memory)
    with suppress(Exception):  # its exceptions have no common base
        allocate((1,)).numpy()
        return allocate
    return None


def _devices(provider: str, kind: Any) -> tuple[Any, ...]:
    """Those of one ``kind`` that ``provider`` runs on."""
    return tuple(
        each
        for each in _onnxruntime().get_ep_devices()
        if each.ep_name == provider and each.device.type == kind
    )


def processor_vendor() -> str:
    """Who made the processor, such as ``AMD``, as ONNX Runtime has it."""
    devices = _onnxruntime().get_ep_devices()
    return next((str(each.device.vendor) for each in devices if each.ep_name == CPU), "unknown")


@cache
def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as fault:
        raise SrBatchError(
            f"onnxruntime cannot be loaded ({fault}); to mend it: sr-batch doctor"
        ) from fault
    onnxruntime.set_default_logger_severity(4)  # what matters comes as an exception
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _settings(optimize: bool = True, threads: int = 1) -> Any:
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False  # it doubles the memory and is no faster
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimize else levels.ORT_DISABLE_ALL
    return options


def _load(path: Path, settings: Any, providers: list[Any] | None) -> Any:
    """``providers`` None: those that ``settings`` name."""
    if not path.is_file():
        raise UnknownModel(f"{path}: no such file; to see what there is: sr-batch models list")
    try:
        return _onnxruntime().InferenceSession(
            path, settings, providers=providers, enable_fallback=False
        )
    except Exception as fault:  # its exceptions have no common base
        raise UnknownModel(f"{path}: cannot be run: {_sentence(fault)}") from fault


def _spec(runtime: Any, path: Path) -> ModelSpec:
    try:
        spec = from_metadata(runtime.get_modelmeta().custom_metadata_map)
    except ContractError as fault:
        raise UnknownModel(
            f"{path}: carries no contract of sr-batch ({fault}); only exported networks run:"
            " sr-batch models list"
        ) from fault
    inputs = [(each.name, each.type, len(each.shape)) for each in runtime.get_inputs()]
    outputs = [each.name for each in runtime.get_outputs()]
    if inputs != [("input", "tensor(float)", 4)] or outputs != ["output"]:
        raise UnknownModel(f"{path}: its inputs {inputs} and outputs {outputs} break its contract")
    return spec


def _translated(fault: Exception) -> ImageError:
    if isinstance(fault, MemoryError) or any(words in str(fault).lower() for words in _NO_ROOM):
        return OutOfMemory("out of memory")
    return ImageError(f"the network failed: {_sentence(fault)}")


def _sentence(fault: Exception) -> str:
    """The first line of an ONNX Runtime message, without its ``[ONNXRuntimeError] : 1 : FAIL``."""
    text = str(fault).split(" : ", 3)[-1].strip()
    return text.splitlines()[0] if text else type(fault).__name__
