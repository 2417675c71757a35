"""Networks that run on ONNX Runtime."""

import math
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, cast

import numpy as np

from sr_batch.core.cpu import cores
from sr_batch.core.errors import ImageError, OutOfMemory, Stopped, TookTooLong, UnknownModel
from sr_batch.core.model_spec import ContractError, ModelSpec, from_metadata
from sr_batch.inference.call_watch import WATCH, WatchedCall, thread_clock
from sr_batch.inference.onnx_runtime import (
    CPU,
    first_line,
    load_runtime,
    pinned_allocator,
    plugin_devices,
)
from sr_batch.inference.pinned_memory import PinnedRunner
from sr_batch.inference.session import Batch, Session, SessionWrapper

# How the CPU, CUDA, cuBLAS and cuDNN report that memory ran out, in lower case.
_OUT_OF_MEMORY = (
    "bad_alloc",
    "failed to allocate memory",
    "out of memory",
    "alloc_failed",
    "allocation_failed",
)
# A call may take this many times what was measured when the network was added: larger tiles need
# more for a pixel, and other machines are slower. Yet a call may always take the least seconds.
_PATIENCE, _LEAST_SECONDS = 50.0, 60.0
# At so many pixels it was measured. A network that looks at the whole takes more for each of more.
_MEASURED_PIXELS = 96**2


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
        # No reference to itself: it must be freed as soon as nobody uses it.
        self._pinned = PinnedRunner(runtime, spec.scale, allocate) if allocate else None

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
            TookTooLong: the call takes far longer than when the network was added.
            ImageError: the network fails on this input, or its output breaks the contract.
        """
        return self.call_until(batch, None)

    def call_until(self, batch: Batch, stop: threading.Event | None) -> Batch:
        """As a call, but ended when ``stop`` is set.

        Raises:
            Stopped: it was.
        """
        seconds = most_seconds(self.spec, batch.shape)
        options = load_runtime().RunOptions()
        with self._turns:
            call = WatchedCall(options, stop, seconds, thread_clock())
            try:
                with WATCH.watched(call):
                    output = self._run(batch, options)
            except Exception as fault:  # ONNX Runtime's exceptions have no common base
                if call.was_stopped:
                    raise Stopped from fault
                if call.took_too_long:
                    raise TookTooLong(_late(self.spec, batch.shape, seconds)) from fault
                raise _translated(fault) from fault
        count, channels, height, width = batch.shape
        scale = self.spec.scale
        if output.shape != (count, channels, height * scale, width * scale):
            raise ImageError(
                f"the network {self.spec.name} returned an output of shape {output.shape} for an"
                f" input of shape {batch.shape}, but its contract says x{scale}"
            )
        return np.asarray(output, np.float32)

    def _run(self, batch: Batch, options: Any) -> Batch:
        if self._pinned:
            return self._pinned(batch, options)
        (output,) = self._runtime.run(["output"], {"input": batch}, options)
        return cast(Batch, output)


class _Until(SessionWrapper):
    """An `OnnxSession` whose calls end when ``stop`` is set."""

    def __init__(self, session: OnnxSession, stop: threading.Event) -> None:
        super().__init__(session)
        self._call, self._stop = session.call_until, stop

    def __call__(self, batch: Batch) -> Batch:
        return self._call(batch, self._stop)


def until(session: Session, stop: threading.Event) -> Session:
    """``session``, whose calls raise Stopped when ``stop`` is set.

    One that gathers calls of several pictures is returned as it is: on its device they are short.
    """
    return _Until(session, stop) if isinstance(session, OnnxSession) else session


def most_seconds(spec: ModelSpec, shape: tuple[int, ...]) -> float:
    """Processor seconds that a call on a batch of ``shape`` may take; infinite without a limit."""
    if not spec.pace:
        return math.inf
    count, _, height, width = shape
    more = max(1.0, height * width / _MEASURED_PIXELS) if spec.whole else 1.0
    return max(_LEAST_SECONDS, _PATIENCE * spec.pace * count * height * width * more)


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


def _late(spec: ModelSpec, shape: tuple[int, ...], seconds: float) -> str:
    return (
        f"the network {spec.name} takes more than {seconds:.0f} seconds for {shape[3]}x{shape[2]}"
        f" pixels, {_PATIENCE:.0f} times what was measured; try smaller tiles: --tile"
        f" {max(shape[2:]) // 2}, or measure it again: sr-batch models add"
    )


def _translated(fault: Exception) -> ImageError:
    message = str(fault).lower()
    if isinstance(fault, MemoryError) or any(phrase in message for phrase in _OUT_OF_MEMORY):
        return OutOfMemory("out of memory")
    return ImageError(f"the network failed: {first_line(fault)}")
