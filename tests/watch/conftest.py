"""Runs ``sr-batch watch`` as a real process on real folders."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import start
from tests.runs import tree

TIMEOUT = 60.0
SMALL = ("--model", "espcn", "--device", "cpu", "--settle", "0.4", "--json", "--no-verify")


class Watching:
    """A running ``sr-batch watch in -o out``, and the events that it prints."""

    def __init__(
        self, folder: Path, *options: str, where: tuple[str, ...] = ("in", "-o", "out")
    ) -> None:
        self.folder = folder
        (folder / "in").mkdir(exist_ok=True)
        self.process = start("watch", *where, *SMALL, *options, cwd=folder)
        self.events: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def results(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == "result"]

    def wait(self, done: Callable[[], bool]) -> None:
        """Wait until ``done`` returns True. Fails if nothing happens for ``TIMEOUT`` seconds."""
        deadline, events = time.monotonic() + TIMEOUT, 0
        while not done():
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            if len(self.events) > events:
                deadline, events = time.monotonic() + TIMEOUT, len(self.events)
            assert time.monotonic() < deadline, f"{self.outputs()} {self.events[-9:]}"
            time.sleep(0.05)

    def wait_for(self, *names: str) -> None:
        self.wait(lambda: {*names} <= {*self.outputs()})

    def wait_for_more_than(self, count: int) -> None:
        self.wait(lambda: len(self.outputs()) > count)

    def outputs(self) -> list[str]:
        out = self.folder / "out"
        names = tree(str(out)) if out.exists() else []
        return [name for name in names if not Path(name).name.startswith(".sr-batch-")]

    def end(self, number: int = signal.SIGTERM) -> str:
        """Send a signal, check that the process ends cleanly, and return its standard error."""
        self.process.send_signal(number)
        self._reader.join(TIMEOUT)
        assert self.process.stderr
        errors = self.process.stderr.read().decode()
        assert self.process.wait(TIMEOUT) == (0 if number != signal.SIGKILL else -number)
        assert "Traceback" not in errors
        return errors

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self._reader.join(TIMEOUT)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        self.process.wait(TIMEOUT)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Callable[..., Watching]]:
    running: list[Watching] = []

    def begin(*options: str, **where: Any) -> Watching:
        running.append(Watching(tmp_path, *options, **where))
        return running[-1]

    yield begin
    for each in running:
        each.close()
