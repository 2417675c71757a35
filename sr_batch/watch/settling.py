"""Which files have come to rest: pure, the clock is handed in."""

import math
from collections.abc import Collection, Iterator
from pathlib import Path

from sr_batch.files.stamp import Stamp


class Settling:
    """Files that were seen, until they stay as they are.

    Args:
        rest: Seconds without a change after which a file is whole.
    """

    def __init__(self, rest: float) -> None:
        self._rest = rest
        self._seen: dict[Path, tuple[Stamp, float]] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def see(self, path: Path, stamp: Stamp, now: float, whole: bool = False) -> None:
        """``path`` looks like ``stamp`` at ``now``, a time in seconds of any clock that runs on.

        ``whole`` if its writer has closed it, or it was put there in one piece.
        """
        known = self._seen.get(path)
        if whole and stamp.size:
            self._seen[path] = (stamp, -math.inf)
        elif known is None or known[0] != stamp:
            self._seen[path] = (stamp, now)

    def later(self, path: Path, stamp: Stamp, due: float) -> None:
        """Give ``path`` out again at ``due``, unless it changes meanwhile."""
        self._seen[path] = (stamp, due - self._rest)

    def forget(self, path: Path) -> None:
        """``path`` is gone."""
        self._seen.pop(path, None)

    def keep(self, there: Collection[Path]) -> None:
        """Forget all but what is ``there``."""
        self._seen = {path: seen for path, seen in self._seen.items() if path in there}

    def take(self, now: float, count: int) -> dict[Path, Stamp]:
        """At most ``count`` files at rest, in the order they were seen; they are seen no more."""
        taken = dict(self._at_rest(now, count))
        for path in taken:
            del self._seen[path]
        return taken

    def wait(self, now: float) -> float:
        """Seconds until the next file may be at rest, infinite if there is none."""
        soonest = min((since for _, since in self._seen.values()), default=math.inf)
        return max(0.0, soonest + self._rest - now)

    def _at_rest(self, now: float, count: int) -> Iterator[tuple[Path, Stamp]]:
        for path, (stamp, since) in self._seen.items():
            if count <= 0:
                return
            if now - since >= self._rest:
                count -= 1
                yield path, stamp
