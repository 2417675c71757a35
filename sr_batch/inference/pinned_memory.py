"""Calls whose input and output lie in memory that a device reaches by itself: pinned memory.

From memory that may be swapped out a GPU copies in two steps, and the thread waits for both.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sr_batch.inference.session import Batch

# An ``OrtValue`` of float32 in such memory, by its shape.
Allocate = Callable[[Sequence[int]], Any]

# Places that are kept for the next calls: of two shapes, for two calls at the same time.
_KEPT = 4


class Bound:
    """Runs a network through places made for the shapes it is called with. Thread-safe.

    Args:
        runtime: An ONNX Runtime session with one ``input`` and one ``output``.
        scale: Of the network.
        allocate: Makes room for one array.
    """

    def __init__(self, runtime: Any, scale: int, allocate: Allocate) -> None:
        self._runtime, self._scale, self._allocate = runtime, scale, allocate
        self._idle: list[_Place] = []
        self._lock = threading.Lock()

    def __call__(self, batch: Batch) -> Batch:
        """Map (N, C, H, W) float32 to (N, C, H*s, W*s) float32; raises what the runtime raises."""
        place = self._take(batch.shape)
        output = place.run(batch)
        with self._lock:  # one that failed does not come back
            self._idle = [place, *self._idle][:_KEPT]
        return output

    def _take(self, shape: tuple[int, ...]) -> "_Place":
        with self._lock:
            for place in self._idle:
                if place.shape == shape:
                    self._idle.remove(place)
                    return place
        return _Place(self._runtime, shape, self._scale, self._allocate)


class _Place:
    """Room for one call of one shape."""

    def __init__(
        self, runtime: Any, shape: tuple[int, ...], scale: int, allocate: Allocate
    ) -> None:
        count, channels, height, width = shape
        self.shape = shape
        self._runtime, self._binding = runtime, runtime.io_binding()
        self._input = allocate(shape)
        self._output = allocate((count, channels, height * scale, width * scale))
        self._binding.bind_ortvalue_output("output", self._output)

    def run(self, batch: Batch) -> Batch:
        self._input.numpy()[:] = batch
        self._binding.bind_ortvalue_input("input", self._input)  # which copies it to the device
        self._runtime.run_with_iobinding(self._binding)
        self._binding.synchronize_outputs()
        return np.array(self._output.numpy())
