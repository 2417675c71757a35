"""Progress of an image over all of its passes, in pixels of the input."""

import threading
from collections.abc import Callable, Sequence

from sr_batch.core.geometry import Size

Report = Callable[[int], None]


class Progress:
    """Converts the finished pixels of each pass into a share of the input's pixels. Thread-safe.

    Args:
        size: Size of the input.
        passes: Scales of the networks, in their order.
        report: Receives pixels of the input; all calls add up to the whole input, together with
            those of ``restored``.
        restored: Receives pixels of the input that were not computed, but restored; ``report``
            if not given.
    """

    def __init__(
        self, size: Size, passes: Sequence[int], report: Report, restored: Report | None = None
    ) -> None:
        self._pixels, self._work, self._done, self._reported = size.pixels, 0, 0, 0
        for scale in passes:
            self._work += size.pixels
            size = size * scale
        self._report = report
        self._restored = restored or report
        self._lock = threading.Lock()

    def add(self, pixels: int) -> None:
        """Count ``pixels`` of a pass's input as done."""
        self._add(pixels, self._report)

    def restore(self, pixels: int) -> None:
        """Count ``pixels`` of a pass's input as restored."""
        self._add(pixels, self._restored)

    def finish(self) -> None:
        """Report the rest."""
        with self._lock:
            self._report_up_to(self._pixels, self._report)

    def _add(self, pixels: int, report: Report) -> None:
        with self._lock:
            self._done += pixels
            # A pass that is repeated in fp32 counts once.
            total = self._pixels * min(self._done, self._work) // self._work
            self._report_up_to(total, report)

    def _report_up_to(self, total: int, report: Report) -> None:
        if total > self._reported:
            report(total - self._reported)
            self._reported = total
