"""Collects what a watch has to tell, and sends it from a thread."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sr_batch.core.results import STOPPED, Done, Failed, JobResult
from sr_batch.messages import LOST, Messenger
from sr_batch.watch.listener import Listener

PAUSE = 300.0  # seconds from one message to the next, at least
_MAX_ERRORS = 10


class Notifier(Listener):
    """Reports failures, and the end of the work. Use as a context manager.

    One message collects what happens within :data:`PAUSE`. A thread sends it, so a slow or lost
    network does not delay the watch.

    Args:
        urls: Apprise URLs. They hold passwords, so they are never shown.
        complain: Called with one line when a message could not be delivered.
        clock: Seconds of a clock that never goes back; tests pass their own.

    Raises:
        UsageError: Apprise does not know a URL, or is not installed.
    """

    def __init__(
        self,
        urls: Sequence[str],
        complain: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._messenger = Messenger(urls)
        self._complain = complain
        self._clock = clock
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="notify")
        self._not_before = clock()
        self._waiting: dict[Path, int] = {}
        self._reset()

    def __enter__(self) -> "Notifier":
        return self

    def __exit__(self, *_: object) -> None:
        if self._failed:
            self._send()
        self._sender.shutdown()

    def say(self, text: str, kind: str = "") -> None:
        if kind == STOPPED:
            self._fault(text)

    def add(self, result: JobResult) -> None:
        if isinstance(result, Failed):
            self._fault(result.error)
        elif isinstance(result, Done):
            self._done += 1

    def look(self, folder: Path, waiting: int) -> None:
        self._waiting[folder] = waiting
        empty = bool(self._done) and not any(self._waiting.values())
        if (self._failed or empty) and self._clock() >= self._not_before:
            self._send()

    def reload(self) -> None:
        self._waiting = {}

    def _fault(self, text: str) -> None:
        self._failed += 1
        if len(self._errors) < _MAX_ERRORS:
            self._errors.append(text)

    def _send(self) -> None:
        waiting = sum(self._waiting.values())
        title = f"sr-batch: {self._done} done, {self._failed} failed, {waiting} waiting"
        lines = [*self._errors]
        if self._failed > len(lines):
            lines.append(f"and {self._failed - len(lines)} more")
        self._sender.submit(self._deliver, title, "\n".join(lines) or "Nothing is left to do.")
        self._not_before = self._clock() + PAUSE
        self._reset()

    def _reset(self) -> None:
        self._done = self._failed = 0
        self._errors: list[str] = []

    def _deliver(self, title: str, body: str) -> None:
        if not self._messenger.send(title, body):
            self._complain(LOST)
