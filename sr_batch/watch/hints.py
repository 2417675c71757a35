"""What the system says of a folder while it changes. The only importer of watchdog.

Events make it quick, nothing depends on them: queues overflow, network shares say nothing. A
rescan is the truth, and is asked for wherever an event tells too little.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

_MOST = 10_000
_LOGGER = logging.getLogger("watchdog")


class _Warnings(logging.Handler):
    """Hears what watchdog warns of: the system dropped events, or told of what it knows not."""

    def __init__(self, heard: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard()


class Hints(FileSystemEventHandler):
    """Collects changed files of one folder until they are asked for. Use as a context manager.

    Args:
        folder: And all below it.
        wake: Called, from a thread of its own, when there is something new.
    """

    def __init__(self, folder: Path, wake: Callable[[], None]) -> None:
        self._folder = folder
        self._wake = wake
        self._lock = threading.Lock()
        self._changed: dict[Path, bool] = {}
        self._lost = True  # what happened before the first event is not known
        self._observer = Observer()
        self._warnings = _Warnings(self._look_at_all)

    def __enter__(self) -> "Hints":
        """Begin. Raises OSError where the system watches nothing more."""
        self._observer.schedule(self, str(self._folder), recursive=True)
        self._observer.start()
        _LOGGER.addHandler(self._warnings)
        return self

    def __exit__(self, *_: object) -> None:
        self._observer.stop()
        self._observer.join()
        _LOGGER.removeHandler(self._warnings)

    def take(self) -> tuple[dict[Path, bool], bool]:
        """Changed files, each with whether it was just closed or moved there; and whether to scan.

        They are forgotten here.
        """
        with self._lock:
            changed, lost = self._changed, self._lost
            self._changed, self._lost = {}, False
        return changed, lost

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog."""
        whole = isinstance(event, FileClosedEvent | FileMovedEvent)
        path = event.dest_path if isinstance(event, FileMovedEvent) else event.src_path
        with self._lock:
            if event.is_directory:
                # Files may be in it before it is watched itself.
                self._lost = self._lost or event.event_type != "modified"
            else:
                key = Path(os.fsdecode(path))
                self._changed[key] = whole
            if len(self._changed) > _MOST:
                self._changed, self._lost = {}, True
        self._wake()

    def _look_at_all(self) -> None:
        with self._lock:
            self._lost = True
        self._wake()
