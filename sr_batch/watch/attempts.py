"""Which failures are tried again, how often and after what pause: pure, the clock is handed in."""

from collections.abc import Collection
from pathlib import Path

from sr_batch.core.results import Cause
from sr_batch.files.stamp import Stamp

_MOST = 5
_YOUNG = 60.0  # seconds; what was written so lately may not be whole yet
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 600.0


class Attempts:
    """Counts failures of files as they look; a change begins anew."""

    def __init__(self) -> None:
        self._failures: dict[Path, tuple[Stamp, int]] = {}

    def add(self, path: Path, stamp: Stamp, cause: Cause, age: float) -> float | None:
        """Count a failure of ``path``, last written ``age`` seconds ago.

        Returns:
            Seconds until it should be tried again; None if it is of no use.
        """
        count = self.count(path, stamp) + 1
        self._failures[path] = (stamp, count)
        may_pass = cause == "memory" or (cause == "damage" and age < _YOUNG)
        if count >= _MOST or not may_pass:
            return None
        return float(min(FIRST_PAUSE * 3 ** (count - 1), LONGEST_PAUSE))

    def count(self, path: Path, stamp: Stamp) -> int:
        """How often ``path`` has failed as it looks now."""
        known, count = self._failures.get(path, (stamp, 0))
        return count if known == stamp else 0

    def forget(self, path: Path) -> None:
        """``path`` is settled, for better or worse."""
        self._failures.pop(path, None)

    def keep(self, there: Collection[Path]) -> None:
        """Forget all but what is ``there``."""
        self._failures = {path: tries for path, tries in self._failures.items() if path in there}
