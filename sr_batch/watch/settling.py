"""Which files have stopped changing. Pure: times are passed in."""

import math
from collections.abc import Collection, Iterator
from pathlib import Path

from sr_batch.files.stamp import Stamp


class Settling:
    """The files that were seen and are not yet taken.

    Args:
        rest: Seconds without a change after which a file counts as complete.
    """

    def __init__(self, rest: float) -> None:
        self._rest = rest
        self._seen: dict[Path, tuple[Stamp, float]] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def see(self, path: Path, stamp: Stamp, now: float, complete: bool = False) -> None:
        """``path`` has ``stamp`` at ``now``, in seconds of a clock that never goes back.

        ``complete`` says that its writer closed it, or that it was moved here.
        """
        known = self._seen.get(path)
        if complete and stamp.size:
            self._seen[path] = (stamp, -math.inf)
        elif known is None or known[0] != stamp:
            self._seen[path] = (stamp, now)

    def later(self, path: Path, stamp: Stamp, due: float) -> None:
        """Hold ``path`` back until ``due``, unless it changes before."""
        self._seen[path] = (stamp, due - self._rest)

    def forget(self, path: Path) -> None:
        """Drop ``path``, which no longer exists or is already done."""
        self._seen.pop(path, None)

    def keep(self, present: Collection[Path]) -> None:
        """Forget all files but those that are ``present``."""
        self._seen = {path: seen for path, seen in self._seen.items() if path in present}

    def take(self, now: float, count: int) -> dict[Path, Stamp]:
        """Remove and return at most ``count`` files at rest, in the order they were seen."""
        taken = dict(self._at_rest(now, count))
        for path in taken:
            del self._seen[path]
        return taken

    def wait(self, now: float) -> float:
        """Seconds until the next file can be at rest; infinite if no file was seen."""
        soonest = min((since for _, since in self._seen.values()), default=math.inf)
        return max(0.0, soonest + self._rest - now)

    def _at_rest(self, now: float, count: int) -> Iterator[tuple[Path, Stamp]]:
        for path, (stamp, since) in self._seen.items():
            if count <= 0:
                return
            if now - since >= self._rest:
                count -= 1
                yield path, stamp
