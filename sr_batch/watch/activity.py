"""What a watch is doing now, in a small file that ``sr-batch status`` reads.

It is written often and never synced: it says nothing that a later watch needs. Whoever reads it
checks that the process that wrote it still holds the lock of the folder.
"""

import json
import os
import threading
from collections.abc import Collection
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from sr_batch.batch.loading import LoadedFile, Loader
from sr_batch.files.reading import display_name
from sr_batch.files.state_db import FOLDER
from sr_batch.watch.clock import Clock

_FILE = "watch.now.json"
_PAUSE = 0.5  # seconds from one write to the next, at least


@dataclass(frozen=True)
class Working:
    """A file in work.

    Attributes:
        source: The file.
        since: When its work began, in seconds since 1970.
    """

    source: Path
    since: float


@dataclass(frozen=True)
class Now:
    """What a watch is doing.

    Attributes:
        settling: Files that were seen and may still be written.
        queued: Complete files that wait for their turn.
        working: The files in work, the oldest first.
    """

    settling: int
    queued: int
    working: tuple[Working, ...]


class Activity:
    """Follows the work of one watch and writes it down. Thread-safe.

    Args:
        output: The output folder, whose lock this process holds.
        clock: Tests pass their own.
    """

    def __init__(self, output: Path, clock: Clock) -> None:
        self._file = output / FOLDER / _FILE
        self._clock = clock
        self._lock = threading.Lock()
        self._batch: dict[str, Path] = {}
        self._working: dict[Path, float] = {}
        self._settling = self._queued = 0
        self._written = ""
        self._due = clock.now()
        self.refresh()  # an earlier watch may have had the same process number

    @property
    def is_due(self) -> bool:
        """Whether :meth:`refresh` would write now."""
        return self._clock.now() >= self._due

    def seen(self, settling: int, queued: int) -> None:
        """Note how many of the files that were seen are not taken yet, and write."""
        with self._lock:
            self._settling, self._queued = settling, queued
        self.refresh()

    def begin(self, batch: Collection[Path]) -> None:
        """Note that the files of ``batch`` were taken. None of them is in work yet."""
        with self._lock:
            self._batch = {display_name(path): path for path in batch}
            self._working = {}

    def finished(self, path: Path) -> None:
        """Note that ``path`` has its result."""
        with self._lock:
            self._batch.pop(display_name(path), None)
            self._working.pop(path, None)

    def following(self, load: Loader) -> Loader:
        """``load``, by which a file of the batch is in work once it is opened."""

        def opened(data: bytes, name: str, max_pixels: int) -> AbstractContextManager[LoadedFile]:
            with self._lock:
                if name in self._batch:
                    self._working.setdefault(self._batch[name], self._clock.wall())
            self.refresh()
            return load(data, name, max_pixels)

        return opened

    def refresh(self) -> None:
        """Write what has changed, unless that was done just now."""
        with self._lock:
            if not self.is_due:
                return
            self._due = self._clock.now() + _PAUSE
            if (text := self._text()) != self._written:
                self._written = text
                self._write(text)

    def _text(self) -> str:
        return json.dumps(
            {
                "process": os.getpid(),
                "settling": self._settling,
                "queued": self._queued + len(self._batch) - len(self._working),
                "working": [[str(path), since] for path, since in self._working.items()],
            }
        )

    def _write(self, text: str) -> None:
        part = self._file.with_name(f"{_FILE}.part")
        with suppress(OSError):  # such as a full disk, which the work itself reports
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text, encoding="ascii")
            part.replace(self._file)


def activity_of(output: Path, process: int) -> Now | None:
    """What the watch of ``output`` is doing now; None if it has not written that yet.

    Args:
        output: The output folder.
        process: The number of the process that holds the lock of ``output``.
    """
    try:
        found = json.loads((output / FOLDER / _FILE).read_bytes())
        if found["process"] != process:
            return None
        working = tuple(Working(Path(path), float(since)) for path, since in found["working"])
        return Now(int(found["settling"]), int(found["queued"]), working)
    except (OSError, ValueError, KeyError, TypeError):
        return None
