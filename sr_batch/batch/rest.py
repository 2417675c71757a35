"""The inputs of a run after those that are planned before the work."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from sr_batch.batch.job import Job
from sr_batch.core.errors import UsageError
from sr_batch.core.results import Failed, NotRun, Skipped
from sr_batch.files.reading import PIPE

Settled = Skipped | Failed | NotRun
Entry = Job | Settled


class Rest:
    """Inputs that are planned one by one when they are asked for. Iterate over it once.

    Args:
        entries: Their jobs, or results that are known without work.
        first: How many inputs come before them.
        inputs: Finds all inputs again, from the first one, to count them.

    Attributes:
        planned: How many have been asked for.
        has_ended: Whether all have been.
        roots: Folders whose ledgers record outputs; not all if there are many.
        is_counted: Whether no input remains that :attr:`left` does not count.
    """

    def __init__(
        self, entries: Iterator[Entry], first: int, inputs: Callable[[], Iterable[object]]
    ) -> None:
        self._entries = entries
        self._first = first
        self._inputs = inputs
        self._counted = 0
        self.has_ended = False
        self.planned = 0
        self.roots: set[str] = set()
        self.is_counted = False

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            self.planned += 1
            if isinstance(entry, Job) and entry.root != PIPE and len(self.roots) < 2:
                self.roots.add(str(entry.root))
            yield entry
        self.has_ended = self.is_counted = True

    @property
    def left(self) -> int:
        """How many inputs are still to be planned, as far as they have been counted."""
        return 0 if self.has_ended else max(0, self._counted - self._first - self.planned)

    def count(self, stop: threading.Event) -> None:
        """Count all inputs in a thread, until ``stop`` is set."""
        threading.Thread(target=self._count, args=(stop,), daemon=True, name="count").start()

    def _count(self, stop: threading.Event) -> None:
        with suppress(UsageError):  # an input was removed since, and the number stays unknown
            for _ in self._inputs():
                self._counted += 1
                if self.has_ended or stop.is_set():
                    return
            self.is_counted = True
