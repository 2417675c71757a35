"""The interface through which a watch reports what it does, to the log and to other programs."""

from collections.abc import Sequence
from pathlib import Path

from sr_batch.core.results import JobResult


class Listener:
    """Receives what a watch reports. Every method does nothing unless a subclass overrides it."""

    def say(self, text: str, kind: str = "") -> None:
        """A line for people; ``kind`` is its prefix, for example ``failed: ``."""

    def add(self, result: JobResult) -> None:
        """The final result of one file."""

    def begin(self, folders: Sequence[tuple[Path, Path]]) -> None:
        """A watch has begun: of each pair the watched folder and its output folder."""

    def passed_over(self, path: Path) -> None:
        """Another program has left ``path`` behind, so it is not taken. Called once for each."""

    def look(self, folder: Path, waiting: int) -> None:
        """``folder`` was checked; ``waiting`` of the files seen in it are not done."""

    def alive(self) -> None:
        """The work makes progress. Called after every step, often, and from any thread."""

    def reload(self) -> None:
        """The settings are read again."""


class All(Listener):
    """Passes every report on to several listeners."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners

    def say(self, text: str, kind: str = "") -> None:
        for each in self._listeners:
            each.say(text, kind)

    def add(self, result: JobResult) -> None:
        for each in self._listeners:
            each.add(result)

    def begin(self, folders: Sequence[tuple[Path, Path]]) -> None:
        for each in self._listeners:
            each.begin(folders)

    def passed_over(self, path: Path) -> None:
        for each in self._listeners:
            each.passed_over(path)

    def look(self, folder: Path, waiting: int) -> None:
        for each in self._listeners:
            each.look(folder, waiting)

    def alive(self) -> None:
        for each in self._listeners:
            each.alive()

    def reload(self) -> None:
        for each in self._listeners:
            each.reload()
