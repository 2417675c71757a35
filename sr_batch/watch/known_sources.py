"""The sources that need no more work, in memory and in the journal."""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from sr_batch.core.errors import StorageError
from sr_batch.files.stamp import Stamp
from sr_batch.watch.error_file import remove_error
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.journal import Journal

_KEPT_IN_JOURNAL = 30 * 86400.0  # seconds that the journal keeps a source that no longer exists


class KnownSources:
    """Every source that is done, failed or not an image, with the stamp that this applies to.

    Args:
        pair: The folders of the sources.
        journal: Read at the start. What the caller records there, it also passes to :meth:`add`.
    """

    def __init__(self, pair: Pair, journal: Journal) -> None:
        self._pair = pair
        self._journal = journal
        self._stamps = {
            path: outcome.stamp
            for path, outcome in journal.all().items()
            if outcome.status != "waiting"
        }
        self._failed = journal.failed()
        self._outputs: dict[Path, tuple[int, Path]] = {}
        self._pruned = False

    def has(self, path: Path, stamp: Stamp) -> bool:
        """Whether ``path`` is known and has not changed since."""
        return self._stamps.get(path) == str(stamp)

    def ignore(self, path: Path, stamp: Stamp) -> None:
        """Remember that ``path`` is not an image, unless it changes."""
        self._stamps[path] = str(stamp)

    def add(self, path: Path, stamp: Stamp, failed: bool) -> None:
        """Remember that ``path`` is done or has failed, unless it changes."""
        self._stamps[path] = str(stamp)
        if failed:
            self._failed.add(path)
        else:
            self._failed.discard(path)

    def made(self, path: Path, stamp: Stamp, output: Path) -> None:
        """Remember the ``output`` of ``path`` until the source is removed."""
        if self._pair.after != "keep":  # else an output is always replaced
            self._outputs[path] = (stamp.inode, output)

    def output_of(self, path: Path, stamp: Stamp) -> Path | None:
        """The output that ``path`` has if it is still the same file, edited in place."""
        inode, output = self._outputs.get(path, (None, None))
        return output if inode == stamp.inode else None

    def forget_output(self, path: Path) -> None:
        """``path`` no longer exists: another file of its name is not the same source, edited."""
        self._outputs.pop(path, None)

    def forget(self, path: Path) -> None:
        """Forget ``path``, which was moved or deleted: another file may come under its name."""
        self._stamps.pop(path, None)
        self._outputs.pop(path, None)
        self._failed.discard(path)

    def forget_retried(self) -> None:
        """Forget the failures that the user has deleted from the journal by ``retry``."""
        if self._failed:
            for path in self._failed - self._journal.failed():
                self._stamps.pop(path, None)
                self._failed.discard(path)
                remove_error(self._pair, path)

    def keep(self, present: Collection[Path]) -> None:
        """Forget the sources that are not ``present``, and remove their error files."""
        for path in self._failed.difference(present):
            if self._pair.after != "move":  # a source that was moved keeps its error file
                remove_error(self._pair, path)
            self._stamps.pop(path, None)
        self._failed.intersection_update(present)
        self._outputs = {path: made for path, made in self._outputs.items() if path in present}
        if present:  # an empty folder may be a share that is lost, and will be back
            for path in self._stamps.keys() - present:
                del self._stamps[path]

    def prune_once(self, present: Collection[Path], now: float) -> None:
        """Delete old sources from the journal, at the first call that finds any ``present``.

        Args:
            present: The sources that exist.
            now: Seconds since 1970.
        """
        if present and not self._pruned:
            self._pruned = True
            with suppress(StorageError):  # the next start tries again
                self._journal.prune(present, now - _KEPT_IN_JOURNAL)
