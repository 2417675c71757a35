"""Shows a batch while it runs: lines and a progress bar for people, JSON lines for programs."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from sr_batch.cli.console import has_terminal, say
from sr_batch.cli.hundredths import Hundredths
from sr_batch.cli.json_lines import JsonLines
from sr_batch.cli.summary import Tally, describe_planned, describe_result
from sr_batch.core.results import (
    ERRORS,
    STOPPED,
    Done,
    Failed,
    JobResult,
    NotRun,
    Planned,
    Skipped,
    one_line,
    to_json,
)
from sr_batch.files.reading import PIPE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sr_batch.batch.planning import Plan
    from sr_batch.batch.rest import Rest
    from sr_batch.cli.progress import Bar, Timed
    from sr_batch.distributed.plan import Found

_MOST_NOTES = 3  # files that are named for one note
_MOST_SAID = 10_000  # lines that are remembered, so that they are not repeated


class Report:
    """Shows results as they come, and their sums at the end. A context manager.

    Args:
        as_json: Whether to print JSON objects on standard output.
        volume: -1 prints only errors for people, 1 every result.
        with_progress: Whether the JSON objects also state each hundredth of the pixels, and how
            many seconds are left.
        file: Gets the JSON objects, too, without the hundredths.

    Raises:
        UsageError: ``file`` cannot be written.
    """

    def __init__(
        self,
        as_json: bool,
        volume: int = 0,
        with_progress: bool = False,
        file: Path | None = None,
    ) -> None:
        self._lines = JsonLines(as_json, file)
        self._hundredths = Hundredths() if with_progress and as_json else None
        self._volume = volume
        self._planned = 0
        self._pixels: dict[str, int] = {}
        self._folders: set[str] = set()
        self._started = time.monotonic()
        self._rest: Rest | Found | None = None
        self._tally = Tally()
        self._said: dict[str, None] = {}
        self._notes: Counter[str] = Counter()
        self._bar: Bar | None = None
        self._estimate: Timed | None = None
        self._ended: Callable[[JobResult], None] = lambda result: None

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.close()
            self._bar = None
        self._lines.close()

    def begin(self, plan: Plan) -> None:
        """Start the clock, and on a terminal the progress bar."""
        self._planned = len(plan.jobs) + len(plan.settled)
        self._pixels = {str(job.source): job.pixels for job in plan.jobs}
        self._folders = {str(job.root) for job in plan.jobs if job.root != PIPE}
        self._rest = plan.rest
        self._count()
        self._started = time.monotonic()
        if plan.jobs:
            self._start_bar()

    def begin_stream(self, inputs: Found, place: str) -> None:
        """As :meth:`begin`, for a run that finds all its inputs while it works.

        Args:
            inputs: Counts them.
            place: Where the outputs go.
        """
        self._rest = inputs
        self._folders = {place}
        self._started = time.monotonic()
        self._start_bar()

    def _start_bar(self) -> None:
        if has_terminal() and self._volume >= 0:
            from sr_batch.cli.progress import Bar

            self._bar = Bar()
            self._show()

    @property
    def tells_time(self) -> bool:
        """Whether it shows how long the run still takes, for which :meth:`expect` is called."""
        return bool(self._bar or self._hundredths)

    def expect(self, estimate: Timed, ended: Callable[[JobResult], None]) -> None:
        """Show from now on how long the run still takes; ``ended`` is told about results."""
        self._estimate, self._ended = estimate, ended
        if self._bar:
            self._bar.follow(estimate)

    def say(self, text: str, kind: str = "") -> None:
        """Print one line for people. It is not repeated: a thousand files may have one note."""
        if text in self._said or (self._volume < 0 and kind not in ERRORS):
            return
        self._said[text] = None
        if len(self._said) > _MOST_SAID:
            del self._said[next(iter(self._said))]
        if self._bar:
            self._bar.say(one_line(kind + text))
        else:
            say(kind + text)

    def passed_over(self, path: Path) -> None:
        """Print, if every input gets a line, that ``path`` is not one."""
        self.detail(f"{path}: passed over; --no-ignore takes it")

    def detail(self, text: str) -> None:
        """Print a line that only matters if every input gets one."""
        if self._volume > 0:
            self.say(text)

    def stopped(self, why: str) -> None:
        """Print what ended the run, unless the result of an image has said so."""
        if not any(why in text for text in self._said):
            self.say(why, STOPPED)

    def progress(self, pixels: int) -> None:
        """Count ``pixels`` of an input as done. Thread-safe."""
        if self._bar:
            self._bar.advance()
        if self._hundredths:
            self._hundredths.advance(pixels, self._estimate)

    def add(self, result: JobResult) -> None:
        """Show one result.

        Raises:
            StorageError: standard output is closed.
        """
        self._tally.add(result)
        self._lines.write(to_json(result))
        self._say_result(result)
        self._ended(result)
        if self._hundredths and self._rest:  # the work is known by results
            self._hundredths.advance(0, self._estimate)
        if not isinstance(result, Done):
            self._pixels.pop(result.input, None)  # it takes no time
            self._count()
        self._show()

    def finish(self, exit_code: int, nothing: Callable[[], str] = str) -> None:
        """Remove the bar and print the sums, or what ``nothing`` says if no image was found."""
        if self._bar:
            self._bar.close()
            self._bar = None
        seconds = time.monotonic() - self._started
        planned = self._planned + (self._rest.planned if self._rest else 0)
        summary = self._tally.sum_up(planned, seconds, exit_code)
        self._lines.write(asdict(summary))
        self._say_more_notes()
        if self._volume <= 0 and (choices := self._tally.describe_choices()):
            self.say(choices, "note: ")
        if self._rest and not self._rest.has_ended:
            self.say(
                "the run ended before all inputs were found; the sums count those that were",
                "note: ",
            )
        sums = self._tally.describe(summary) if planned else nothing()
        self.say(sums + self._place())

    @property
    def exit_code(self) -> int:
        """3 if any input failed, else 0."""
        return self._tally.exit_code

    def _show(self) -> None:
        """Show how many files are finished, of how many that have been found."""
        if self._bar:
            rest = self._rest
            found = self._planned + (rest.planned + rest.left if rest else 0)
            self._bar.show(self._tally.count, found, rest is None or rest.is_counted)

    def _count(self) -> None:
        if self._hundredths and not self._rest:
            self._hundredths.total = sum(self._pixels.values())

    def _say_result(self, result: JobResult) -> None:
        if isinstance(result, Failed):
            self.say(result.error, "failed: ")
        elif isinstance(result, Done):
            for note in result.notes:
                self._say_note(result.input, note)
        elif isinstance(result, Planned):
            self.say(describe_planned(result))
        if self._volume > 0 and isinstance(result, Done | Skipped | NotRun):
            self.say(describe_result(result))

    def _say_note(self, name: str, note: str) -> None:
        """A note names its file. Of one that many files have, only the first ones are named."""
        self._notes[note] += 1
        if self._notes[note] <= _MOST_NOTES or self._volume > 0:
            self.say(f"{name}: {note}", "note: ")

    def _say_more_notes(self) -> None:
        for note, count in self._notes.items():
            if count > _MOST_NOTES and self._volume <= 0:
                self.say(f"{count - _MOST_NOTES} more (-v names them): {note}", "note: ")

    def _place(self) -> str:
        """The single output, or the single output folder."""
        folders = self._folders | (self._rest.roots if self._rest else set())
        if output := self._tally.only_output:
            return f" -> {output}"
        return f" -> {folders.pop()}" if self._tally.is_done and len(folders) == 1 else ""
