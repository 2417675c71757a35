"""Collects the events that the system sends about a folder. The only importer of watchdog.

Events make a watch quick, but nothing depends on them: queues overflow, and network shares send
none. Wherever events may be incomplete, this module asks for a scan.
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

_MAX_FILES = 10_000
_LOGGER = logging.getLogger("watchdog")


class _Warnings(logging.Handler):
    """Receives the warnings of watchdog: the system dropped events, or sent an unknown kind."""

    def __init__(self, on_warning: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_warning = on_warning

    def emit(self, record: logging.LogRecord) -> None:
        self._on_warning()


class FileEvents(FileSystemEventHandler):
    """The changed files of one folder, until :meth:`take` returns them. A context manager.

    Args:
        folder: Watched with all folders below it.
        wake: Called when there is a new event, in another thread.
    """

    def __init__(self, folder: Path, wake: Callable[[], None]) -> None:
        self._folder = folder
        self._wake = wake
        self._lock = threading.Lock()
        self._changed: dict[Path, bool] = {}
        self._scan_needed = True  # changes before the first event are unknown
        self._observer = Observer()
        self._warnings = _Warnings(self._ask_for_scan)

    def __enter__(self) -> "FileEvents":
        """Start. Raises OSError if the system cannot watch another folder."""
        self._observer.schedule(self, str(self._folder), recursive=True)
        self._observer.start()
        _LOGGER.addHandler(self._warnings)
        return self

    def __exit__(self, *_: object) -> None:
        self._observer.stop()
        self._observer.join()
        _LOGGER.removeHandler(self._warnings)

    def take(self) -> tuple[dict[Path, bool], bool]:
        """Return what has changed since the last call, and forget it.

        Returns:
            Each changed file with whether its last event closed it or moved it here, and whether
            the whole folder must be scanned.
        """
        with self._lock:
            changed, scan_needed = self._changed, self._scan_needed
            self._changed, self._scan_needed = {}, False
        return changed, scan_needed

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog."""
        complete = isinstance(event, FileClosedEvent | FileMovedEvent)
        path = event.dest_path if isinstance(event, FileMovedEvent) else event.src_path
        with self._lock:
            if event.is_directory:
                # A new folder may hold files from before the system watches it.
                self._scan_needed = self._scan_needed or event.event_type != "modified"
            else:
                self._changed[Path(os.fsdecode(path))] = complete
            if len(self._changed) > _MAX_FILES:
                self._changed, self._scan_needed = {}, True
        self._wake()

    def _ask_for_scan(self) -> None:
        with self._lock:
            self._scan_needed = True
        self._wake()
