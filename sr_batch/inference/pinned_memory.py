"""Network calls through pinned memory, which a GPU reads and writes directly.

From ordinary memory, which may be swapped out, a GPU copies in two steps, and the calling thread
waits for both.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sr_batch.inference.session import Batch

Allocate = Callable[[Sequence[int]], Any]
"""Takes a shape and returns a float32 ``OrtValue`` in pinned memory."""

# Buffers kept for later calls: enough for two shapes and two calls at a time.
_KEPT = 4


class PinnedRunner:
    """Runs a network through buffers that later calls of the same shape reuse. Thread-safe.

    Args:
        runtime: An ONNX Runtime session with one ``input`` and one ``output``.
        scale: The network's scale.
        allocate: Allocates one array.
    """

    def __init__(self, runtime: Any, scale: int, allocate: Allocate) -> None:
        self._runtime, self._scale, self._allocate = runtime, scale, allocate
        self._idle: list[_Buffers] = []
        self._lock = threading.Lock()

    def __call__(self, batch: Batch, options: Any = None) -> Batch:
        """Map (N, C, H, W) float32 to (N, C, H*s, W*s); raises the runtime's exceptions.

        Args:
            batch: The input.
            options: ``RunOptions`` of ONNX Runtime for this call.
        """
        buffers = self._take(batch.shape)
        output = buffers.run(batch, options)
        with self._lock:  # buffers of a failed call are dropped
            self._idle = [buffers, *self._idle][:_KEPT]
        return output

    def _take(self, shape: tuple[int, ...]) -> "_Buffers":
        with self._lock:
            for buffers in self._idle:
                if buffers.shape == shape:
                    self._idle.remove(buffers)
                    return buffers
        return _Buffers(self._runtime, shape, self._scale, self._allocate)


class _Buffers:
    """Pinned input and output for calls of one shape, one call at a time."""

    def __init__(
        self, runtime: Any, shape: tuple[int, ...], scale: int, allocate: Allocate
    ) -> None:
        count, channels, height, width = shape
        self.shape = shape
        self._runtime, self._binding = runtime, runtime.io_binding()
        self._input = allocate(shape)
        self._output = allocate((count, channels, height * scale, width * scale))
        self._binding.bind_ortvalue_output("output", self._output)

    def run(self, batch: Batch, options: Any) -> Batch:
        self._input.numpy()[:] = batch
        self._binding.bind_ortvalue_input("input", self._input)  # copies it to the device
        self._runtime.run_with_iobinding(self._binding, options)
        self._binding.synchronize_outputs()
        return np.array(self._output.numpy())
