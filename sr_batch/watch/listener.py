"""Who is told what a watch does: the log, the metrics, systemd, people far away."""

from collections.abc import Sequence
from pathlib import Path

from sr_batch.core.results import JobResult


class Listener:
    """Is told what a watch does; does nothing about it unless a subclass knows better."""

    def say(self, text: str, kind: str = "") -> None:
        """One line for people; ``kind`` is put before it, ``failed: `` for example."""

    def add(self, result: JobResult) -> None:
        """What became of one file, for good."""

    def look(self, folder: Path, waiting: int) -> None:
        """``folder`` was looked at; so many files are seen in it and not done."""

    def alive(self) -> None:
        """The work goes on. Called often, from any thread, wherever a step is done."""

    def reload(self) -> None:
        """What is to be watched is read again."""


class All(Listener):
    """Tells several."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners

    def say(self, text: str, kind: str = "") -> None:
        for each in self._listeners:
            each.say(text, kind)

    def add(self, result: JobResult) -> None:
        for each in self._listeners:
            each.add(result)

    def look(self, folder: Path, waiting: int) -> None:
        for each in self._listeners:
            each.look(folder, waiting)

    def alive(self) -> None:
        for each in self._listeners:
            each.alive()

    def reload(self) -> None:
        for each in self._listeners:
            each.reload()
