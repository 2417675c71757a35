"""Progress of an image over all of its passes, in pixels of the input."""

import threading
from collections.abc import Callable, Sequence

from sr_batch.core.geometry import Size


class Progress:
    """Converts the finished pixels of each pass into a share of the input's pixels. Thread-safe.

    Args:
        size: Size of the input.
        passes: Scales of the networks, in their order.
        report: Receives pixels of the input; all calls add up to the whole input.
    """

    def __init__(self, size: Size, passes: Sequence[int], report: Callable[[int], None]) -> None:
        self._pixels, self._work, self._done, self._reported = size.pixels, 0, 0, 0
        for scale in passes:
            self._work += size.pixels
            size = size * scale
        self._report = report
        self._lock = threading.Lock()

    def add(self, pixels: int) -> None:
        """Count ``pixels`` of a pass's input as done."""
        with self._lock:
            self._done += pixels
            # A pass that is repeated in fp32 counts once.
            self._report_up_to(self._pixels * min(self._done, self._work) // self._work)

    def finish(self) -> None:
        """Report the rest."""
        with self._lock:
            self._report_up_to(self._pixels)

    def _report_up_to(self, total: int) -> None:
        if total > self._reported:
            self._report(total - self._reported)
            self._reported = total
