"""Messages to people far away, through Apprise. The only importer of apprise."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from sr_batch.core.errors import UsageError
from sr_batch.core.results import Done, Failed, JobResult
from sr_batch.watch.listener import Listener

if TYPE_CHECKING:
    from apprise import Apprise

PAUSE = 300.0  # seconds from one message to the next, whatever happens between them
_SHOWN = 10


class Notifier(Listener):
    """Tells of failures, and when nothing is left to do. Use as a context manager.

    What happens within some minutes goes into one message. They are sent by a thread of their
    own: a slow or lost network holds up nothing.

    Args:
        urls: As Apprise has them. They hold passwords, so they are never shown.
        complain: Is told, in one line, when a message is not delivered.
        clock: Seconds that run on; another one for tests.

    Raises:
        UsageError: a URL is none of Apprise's, or it is not installed.
    """

    def __init__(
        self,
        urls: Sequence[str],
        complain: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._apprise = _opened(urls)
        self._complain = complain
        self._clock = clock
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="notify")
        self._not_before = clock()
        self._waiting: dict[Path, int] = {}
        self._begin_anew()

    def __enter__(self) -> "Notifier":
        return self

    def __exit__(self, *_: object) -> None:
        if self._failed:
            self._send()
        self._sender.shutdown()

    def say(self, text: str, kind: str = "") -> None:
        if kind == "stopped: ":
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
        if len(self._errors) < _SHOWN:
            self._errors.append(text)

    def _send(self) -> None:
        waiting = sum(self._waiting.values())
        title = f"sr-batch: {self._done} done, {self._failed} failed, {waiting} waiting"
        lines = [*self._errors]
        if self._failed > len(lines):
            lines.append(f"and {self._failed - len(lines)} more")
        self._sender.submit(self._deliver, title, "\n".join(lines) or "Nothing is left to do.")
        self._not_before = self._clock() + PAUSE
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._done = self._failed = 0
        self._errors: list[str] = []

    def _deliver(self, title: str, body: str) -> None:
        if not self._apprise.notify(body=body, title=title):
            self._complain("--notify: a message was not delivered to every address")


def _opened(urls: Sequence[str]) -> "Apprise":
    try:
        import apprise
    except ImportError as error:
        raise UsageError("--notify needs more: pip install 'sr-batch[notify]'") from error
    # What it logs shows addresses; without a handler of its own it would go to standard error.
    logging.getLogger("apprise").addHandler(logging.NullHandler())
    opened = apprise.Apprise()
    for number, url in enumerate(urls, 1):
        if not opened.add(url):
            raise UsageError(f"--notify: address {number} is none that Apprise knows: see its list")
    return opened
