"""Drives one :class:`FolderWatch` with small pictures and a clock that the test turns."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sr_batch.batch.loading import load_file
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import JobResult
from sr_batch.watch.clock import Clock
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.folder_watch import FolderWatch
from sr_batch.watch.listener import Listener
from tests.fakes import FakeUpscaler


@dataclass
class Driver(Listener):
    """A watch of the folder ``in``, its reports and its clock.

    Attributes:
        gone: Seconds since the last file came, by the clock of the wall. It does not go on while a
            watch runs.
    """

    upscaler: FakeUpscaler = field(default_factory=FakeUpscaler)
    pair: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    gone: float = 0.0
    results: list[JobResult] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        Path("in").mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        chosen: dict[str, Any] = {
            "options": UpscaleOptions(),
            "settle": 2.0,
            "rescan": 30.0,
        } | self.pair
        here = Path.cwd()
        pair = Pair(source=here / "in", output=here / "out", **chosen)
        newest = max((p.stat().st_mtime for p in Path("in").rglob("*")), default=0)
        self.started = newest + self.gone
        clock = Clock(lambda: self.seconds, lambda: self.started)
        self.watch = FolderWatch(pair, self, None, load_file, clock)

    def say(self, text: str, kind: str = "") -> None:
        self.lines.append(kind + text)

    def add(self, result: JobResult) -> None:
        self.results.append(result)

    def turn(self) -> list[str]:
        """Scan, wait until all files settle, and work. Returns the names that were enlarged."""
        self.seconds += 100
        self.watch.look()
        return self.go_on(3)

    def go_on(self, seconds: float) -> list[str]:
        """Let time pass, then work. Returns the names that were enlarged."""
        self.seconds += seconds
        before = len(self.upscaler.names)
        self.watch.look()
        while batch := self.watch.take():
            self.watch.work(batch, self.upscaler, threading.Event())
            self.watch.look()
        return sorted(Path(name).name for name in self.upscaler.names[before:])

    def run(self, seconds: float) -> list[str]:
        """Work every second, as the daemon does."""
        return [name for _ in range(round(seconds)) for name in self.go_on(1)]


def failing(times: int, error: Exception) -> FakeUpscaler:
    """An upscaler whose first ``times`` images raise ``error``."""
    left = [times]

    def before(name: str) -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return FakeUpscaler(before=before)
