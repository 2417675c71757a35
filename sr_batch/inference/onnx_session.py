"""Networks that run on ONNX Runtime."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, cast

import numpy as np

from sr_batch.core.cpu import cores
from sr_batch.core.errors import ImageError, OutOfMemory, UnknownModel
from sr_batch.core.model_spec import ContractError, ModelSpec, from_metadata
from sr_batch.inference.onnx_runtime import (
    CPU,
    first_line,
    load_runtime,
    pinned_allocator,
    plugin_devices,
)
from sr_batch.inference.pinned_memory import PinnedRunner
from sr_batch.inference.session import Batch

# How the CPU, CUDA, cuBLAS and cuDNN report that memory ran out, in lower case.
_OUT_OF_MEMORY = (
    "bad_alloc",
    "failed to allocate memory",
    "out of memory",
    "alloc_failed",
    "allocation_failed",
)


class OnnxSession:
    """A :class:`sr_batch.inference.session.Session` for an exported file. Made by :meth:`open`.

    By default a call runs on the calling thread alone: N threads over tiles are usually faster
    than one call on N threads.
    """

    def __init__(self, runtime: Any, spec: ModelSpec, turns: AbstractContextManager[Any]) -> None:
        self._runtime = runtime
        self._turns = turns
        self.spec = spec
        self.provider: str = runtime.get_providers()[0]
        allocate = pinned_allocator(self.provider)
        self._run = PinnedRunner(runtime, spec.scale, allocate) if allocate else self._run_copied

    @classmethod
    def open(
        cls,
        path: Path,
        provider: str = CPU,
        options: Mapping[str, str] | None = None,
        threads: int = 1,
        plugin: str = "",
        content: bytes | None = None,
    ) -> "OnnxSession":
        """Load the network at ``path``.

        Args:
            path: The exported ONNX file.
            provider: ONNX Runtime's name of the execution provider. If ONNX Runtime cannot use
                it, the session runs on the CPU instead: ``.provider`` tells.
            options: ONNX Runtime's options for the provider.
            threads: CPU threads for one call. With more than one, calls take turns.
            plugin: Package that contains the provider. It must support a device of this machine
                and run the whole network.
            content: An ONNX file in memory that is loaded instead of the one at ``path``, which
                is only its name in messages.

        Raises:
            UnknownModel: the file does not exist, is not an ONNX file, or has no contract.
        """
        settings, wanted = _settings(threads=threads), None
        if plugin:
            settings.add_provider_for_devices(plugin_devices(plugin)[:1], dict(options or {}))
            settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        else:
            wanted = [(provider, dict(options or {})), *([CPU] if provider != CPU else [])]
        runtime = _load(path, settings, wanted, content)
        turns = nullcontext() if threads == 1 else BoundedSemaphore(max(1, cores() // threads))
        return cls(runtime, _spec(runtime, path), turns)

    def __call__(self, batch: Batch) -> Batch:
        """Map (N, C, H, W) float32, 0..1, to (N, C, H*s, W*s) float32, unclipped.

        Raises:
            OutOfMemory: there is not enough memory for this size.
            ImageError: the network fails on this input, or its output breaks the contract.
        """
        try:
            with self._turns:
                output = self._run(batch)
        except Exception as fault:  # ONNX Runtime's exceptions have no common base
            raise _translated(fault) from fault
        count, channels, height, width = batch.shape
        scale = self.spec.scale
        if output.shape != (count, channels, height * scale, width * scale):
            raise ImageError(
                f"the network {self.spec.name} returned an output of shape {output.shape} for an"
                f" input of shape {batch.shape}, but its contract says x{scale}"
            )
        return np.asarray(output, np.float32)

    def _run_copied(self, batch: Batch) -> Batch:
        (output,) = self._runtime.run(["output"], {"input": batch})
        return cast(Batch, output)


def read_spec(path: Path) -> ModelSpec:
    """The contract of the file at ``path``. Raises UnknownModel like :meth:`OnnxSession.open`."""
    return _spec(_load(path, _settings(optimize=False), [CPU]), path)


def _settings(optimize: bool = True, threads: int = 1) -> Any:
    onnxruntime = load_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False  # it doubles the memory and is no faster
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimize else levels.ORT_DISABLE_ALL
    return options


def _load(
    path: Path, settings: Any, providers: list[Any] | None, content: bytes | None = None
) -> Any:
    """An ``InferenceSession``; with ``providers`` None, ``settings`` name the provider."""
    if not path.is_file():
        raise UnknownModel(f"{path}: no such file; to list the models: sr-batch models list")
    try:
        return load_runtime().InferenceSession(
            content or path, settings, providers=providers, enable_fallback=False
        )
    except Exception as fault:  # ONNX Runtime's exceptions have no common base
        raise UnknownModel(f"{path}: ONNX Runtime cannot load it: {first_line(fault)}") from fault


def _spec(runtime: Any, path: Path) -> ModelSpec:
    try:
        spec = from_metadata(runtime.get_modelmeta().custom_metadata_map)
    except ContractError as fault:
        raise UnknownModel(
            f"{path} is not a model that was exported for sr-batch ({fault});"
            " to list the installed ones: sr-batch models list"
        ) from fault
    inputs = [(each.name, each.type, len(each.shape)) for each in runtime.get_inputs()]
    outputs = [each.name for each in runtime.get_outputs()]
    if inputs != [("input", "tensor(float)", 4)] or outputs != ["output"]:
        raise UnknownModel(f"{path}: inputs {inputs} and outputs {outputs} break the contract")
    return spec


def _translated(fault: Exception) -> ImageError:
    message = str(fault).lower()
    if isinstance(fault, MemoryError) or any(phrase in message for phrase in _OUT_OF_MEMORY):
        return OutOfMemory("out of memory")
    return ImageError(f"the network failed: {first_line(fault)}")
