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
        self._held: set[Path] = set()  # until they are due, whatever is seen of them

    def __len__(self) -> int:
        return len(self._seen)

    def see(
        self, path: Path, stamp: Stamp, now: float, complete: bool = False, old: bool = False
    ) -> None:
        """``path`` has ``stamp`` at ``now``, in seconds of a clock that never goes back.

        Args:
            path: The file.
            stamp: Its state.
            now: The time.
            complete: Its writer has just closed it, or it was just moved here.
            old: It has been unchanged for long enough already, by its own time.
        """
        known = self._seen.get(path)
        changed = known is None or known[0] != stamp
        if path in self._held and not changed:
            return
        self._held.discard(path)
        if stamp.size and (complete or (old and changed)):
            self._seen[path] = (stamp, -math.inf)
        elif changed:
            self._seen[path] = (stamp, now)

    def later(self, path: Path, stamp: Stamp, due: float, until_closed: bool = False) -> None:
        """Hold ``path`` back until ``due``, unless it changes before.

        With ``until_closed``, it is also given out before ``due`` if its writer closes it.
        """
        self._seen[path] = (stamp, due - self._rest)
        if until_closed:
            self._held.discard(path)
        else:
            self._held.add(path)

    def forget(self, path: Path) -> None:
        """Drop ``path``, which no longer exists or is already done."""
        self._seen.pop(path, None)
        self._held.discard(path)

    def keep(self, present: Collection[Path]) -> None:
        """Forget all files but those that are ``present``."""
        self._seen = {path: seen for path, seen in self._seen.items() if path in present}
        self._held.intersection_update(present)

    def take(self, now: float, count: int) -> dict[Path, Stamp]:
        """Remove and return at most ``count`` files at rest, in the order they were seen."""
        taken = dict(self._at_rest(now, count))
        for path in taken:
            self.forget(path)
        return taken

    def wait(self, now: float) -> float:
        """Seconds until the next file can be at rest; infinite if no file was seen."""
        soonest = min((since for _, since in self._seen.values()), default=math.inf)
        return max(0.0, soonest + self._rest - now)

    def counts(self, now: float) -> tuple[int, int, list[Path]]:
        """How many files may still change and how many are at rest; those that are held back."""
        held = [path for path in self._held if now - self._seen[path][1] < self._rest]
        at_rest = sum(now - since >= self._rest for _, since in self._seen.values())
        return len(self._seen) - at_rest - len(held), at_rest, held

    def _at_rest(self, now: float, count: int) -> Iterator[tuple[Path, Stamp]]:
        for path, (stamp, since) in self._seen.items():
            if count <= 0:
                return
            if now - since >= self._rest:
                count -= 1
                yield path, stamp
