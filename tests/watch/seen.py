"""What other programs see in an output folder while a watch works."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer


class Seen(FileSystemEventHandler):
    """Records every file that takes its name in a folder, and every write under such a name.

    ``places`` are folders to create beforehand, as the events of a new folder are lost until the
    system watches it.
    """

    def __init__(self, folder: Path, places: Iterable[str] = ()) -> None:
        for place in (".", *places):
            (folder / place).mkdir(parents=True, exist_ok=True)
        self.taken: Counter[str] = Counter()
        self.opened: list[str] = []
        self._folder = folder
        self._observer = Observer()
        self._observer.schedule(self, str(folder), recursive=True)
        self._observer.start()

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.is_directory:
            return
        source, target = (self._place(path) for path in (event.src_path, event.dest_path))
        if event.event_type == "moved":
            if not _is_ours(target):
                self.taken[target] += 1
        elif event.event_type in ("created", "modified") and not _is_ours(source):
            self.opened.append(source)

    def end(self) -> None:
        self._observer.stop()
        self._observer.join()

    def _place(self, path: str | bytes) -> str:
        return os.path.relpath(os.fsdecode(path), self._folder) if path else ""


def _is_ours(place: str) -> bool:
    """Whether it is a file of the tool itself, not an output."""
    return ".sr-batch" in place
