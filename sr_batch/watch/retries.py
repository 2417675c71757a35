"""Which failures are retried, how often and after what pause. Pure: times are passed in."""

from collections.abc import Collection
from pathlib import Path

from sr_batch.core.results import Cause
from sr_batch.files.stamp import Stamp

_MAX_FAILURES = 5
_YOUNG = 60.0  # seconds; a file written so recently may be incomplete
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 600.0  # seconds


def pause_after(count: int) -> float:
    """Seconds from the failure number ``count`` of a file to its retry."""
    return float(min(FIRST_PAUSE * 3 ** (count - 1), LONGEST_PAUSE))


class Retries:
    """Counts the failures of each file. The count starts again when the file changes."""

    def __init__(self) -> None:
        self._failures: dict[Path, tuple[Stamp, int]] = {}

    def add(
        self,
        path: Path,
        stamp: Stamp,
        cause: Cause,
        age: float,
        blank: bool = False,
        being_written: bool = False,
    ) -> float | None:
        """Count a failure of ``path``.

        Args:
            path: The file.
            stamp: Its state when it was read.
            cause: Why it failed.
            age: Seconds since it was written, or came to its place.
            blank: It is empty or starts with zeros.
            being_written: A program has it open for writing; then no failure is final.

        Returns:
            Seconds until the retry; None if a retry cannot help.
        """
        count = self.count(path, stamp) + 1
        self._failures[path] = (stamp, count)
        may_pass = blank or cause == "memory" or (cause == "damage" and age < _YOUNG)
        if not being_written and (count >= _MAX_FAILURES or not may_pass):
            return None
        return pause_after(count)

    def resume(self, path: Path, stamp: Stamp, count: int) -> None:
        """Count on from ``count`` failures of ``path``, which an earlier watch has counted."""
        self._failures[path] = (stamp, count)

    def count(self, path: Path, stamp: Stamp) -> int:
        """How often ``path`` has failed since its stamp became ``stamp``."""
        known, count = self._failures.get(path, (stamp, 0))
        return count if known == stamp else 0

    def has(self, path: Path) -> bool:
        """Whether ``path`` has failed and has no final result."""
        return path in self._failures

    def forget(self, path: Path) -> None:
        """Drop the count of ``path``, which has its final result."""
        self._failures.pop(path, None)

    def keep(self, present: Collection[Path]) -> None:
        """Forget all files but those that are ``present``."""
        self._failures = {path: tries for path, tries in self._failures.items() if path in present}
