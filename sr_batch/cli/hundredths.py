"""Prints the progress of a run for programs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sr_batch.cli.json_lines import print_json

if TYPE_CHECKING:
    from sr_batch.cli.progress import Timed


class Hundredths:
    """Prints the progress of a run as JSON, once for every hundredth of its pixels.

    Attributes:
        total: Pixels of the run. If None, the estimate tells the finished share of the work, once
            it knows all images.
    """

    def __init__(self) -> None:
        self.total: int | None = None
        self._lock = threading.Lock()
        self._done = 0
        self._printed = 0

    def advance(self, pixels: int, estimate: Timed | None) -> None:
        """Count ``pixels`` of ``total`` as done. Thread-safe."""
        with self._lock:
            self._done += pixels
            hundredths = self._share(estimate)
            if hundredths > self._printed:
                self._printed = hundredths
                seconds = estimate.seconds if estimate else None
                eta = None if seconds is None else round(seconds, 1)
                print_json({"progress": hundredths / 100, "eta": eta})

    def _share(self, estimate: Timed | None) -> int:
        if self.total is not None:
            return min(100, 100 * self._done // max(1, self.total))
        known = estimate is not None and estimate.is_whole
        return int(100 * estimate.share) if estimate and known else 0
