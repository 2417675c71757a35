"""The messages of a watch: lines for people, or one JSON object per event."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sr_batch.cli.console import has_terminal, say
from sr_batch.cli.json_lines import print_json
from sr_batch.cli.summary import describe_result
from sr_batch.core.results import ERRORS, Done, Failed, JobResult, to_json
from sr_batch.watch.listener import Listener

_NO_REPEAT_SECONDS = 600.0


class WatchLog(Listener):
    """Prints events as they happen. A recent line is not repeated.

    Args:
        as_json: Print objects on standard output instead of lines on standard error.
        volume: -1 prints only errors, 1 also what was skipped.
        clock: Monotonic seconds; tests replace it.
    """

    def __init__(
        self, as_json: bool, volume: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._as_json = as_json
        self._volume = volume
        self._clock = clock
        self._said: dict[str, float] = {}

    def say(self, text: str, kind: str = "") -> None:
        """Print one line."""
        if self._volume < 0 and kind not in ERRORS:
            return
        now = self._clock()
        while self._said and now - next(iter(self._said.values())) >= _NO_REPEAT_SECONDS:
            del self._said[next(iter(self._said))]  # the oldest is the first
        if kind + text in self._said:
            return
        self._said[kind + text] = now
        if self._as_json:
            self._print({"event": kind.removesuffix(": ") or "note", "text": text})
        else:
            say(kind + text)

    def add(self, result: JobResult) -> None:
        """Print the result of one file."""
        if isinstance(result, Done) and not self._as_json:
            for note in result.notes:
                self.say(f"{result.input}: {note}", "note: ")
        if self._as_json:
            self._print({"event": "result", **to_json(result)})
        elif isinstance(result, Failed):
            say(f"failed: {result.error}")
        elif isinstance(result, Done) and self._volume >= 0:
            say(describe_result(result))
        elif self._volume > 0:
            say(f"{result.input}: {getattr(result, 'reason', result.status)}")

    def begin(self, folders: Sequence[tuple[Path, Path]]) -> None:
        """Print, for people, what is watched; on a terminal also how it ends."""
        if self._as_json:
            return
        lines = [f"watching {source}; enlargements go to {output}" for source, output in folders]
        if has_terminal():
            lines[-1] += ". Ctrl-C ends it."
        for line in lines:
            self.say(line)

    def passed_over(self, path: Path) -> None:
        """Print, if every file gets a line, that the watch does not take ``path``."""
        if self._volume > 0:
            self.say(f"{path}: passed over; --no-ignore takes it")

    def _print(self, record: dict[str, object]) -> None:
        stamped = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **record}
        print_json(stamped)
