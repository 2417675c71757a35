"""What a user or a program sees of a batch: lines, a bar on a terminal, JSON for machines."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sr_batch.cli.console import has_terminal, say
from sr_batch.core.results import (
    Done,
    Failed,
    JobResult,
    NotRun,
    Planned,
    Skipped,
    one_line,
    to_json,
)
from sr_batch.files.atomic_write import write_output
from sr_batch.files.reading import PIPE

if TYPE_CHECKING:
    from sr_batch.batch.planning import Plan
    from sr_batch.cli.progress import Bar


_FAULTS = ("failed: ", "stopped: ")


@dataclass(frozen=True)
class Summary:
    """The last JSON object of a run: ``planned`` is the sum of the next four."""

    planned: int
    done: int
    skipped: int
    failed: int
    not_run: int
    seconds: float
    exit_code: int


class Report:
    """Shows results as they come and adds them up. Use as a context manager.

    Args:
        as_json: Objects for machines on standard output.
        volume: -1 shows people only what went wrong, 1 every result.
        in_steps: Machines are told of every hundredth of the pixels, too.
    """

    def __init__(self, as_json: bool, volume: int = 0, in_steps: bool = False) -> None:
        self._as_json = as_json
        self._steps = _Steps() if in_steps and as_json else None
        self._volume = volume
        self._planned = 0
        self._pixels: dict[str, int] = {}
        self._folders: set[str] = set()
        self._started = time.monotonic()
        self._results: list[JobResult] = []
        self._said: set[str] = set()
        self._bar: Bar | None = None

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.close()
            self._bar = None

    def begin(self, plan: Plan) -> None:
        """The work starts: from here on there is a bar, on a terminal."""
        self._planned = len(plan.jobs) + len(plan.settled)
        self._pixels = {str(job.source): job.pixels for job in plan.jobs}
        self._folders = {str(job.root) for job in plan.jobs if job.root != PIPE}
        self._count()
        self._started = time.monotonic()
        if has_terminal() and plan.jobs and self._volume >= 0:
            from sr_batch.cli.progress import Bar

            self._bar = Bar(self._planned, sum(self._pixels.values()))

    def say(self, text: str, kind: str = "") -> None:
        """Show one line for people, the first time: a thousand files may have the same note."""
        if text in self._said or (self._volume < 0 and kind not in _FAULTS):
            return
        self._said.add(text)
        if self._bar:
            self._bar.say(one_line(kind + text))
        else:
            say(kind + text)

    def stopped(self, why: str) -> None:
        """Show what ended the run, unless the image that met it has already said so."""
        if not any(why in text for text in self._said):
            self.say(why, "stopped: ")

    def progress(self, pixels: int) -> None:
        """``pixels`` of an input are done; any thread may say so."""
        if self._bar:
            self._bar.advance(pixels)
        if self._steps:
            self._steps.advance(pixels)

    def add(self, result: JobResult) -> None:
        """Show one result.

        Raises:
            StorageError: nobody reads standard output any more.
        """
        self._results.append(result)
        if self._as_json:
            _print_json(to_json(result))
        self._say_result(result)
        if not isinstance(result, Done):
            self._pixels.pop(result.input, None)  # never to be worked on: out of the ETA
            self._count()
        if self._bar:
            self._bar.show(len(self._results), sum(self._pixels.values()))

    def _count(self) -> None:
        if self._steps:
            self._steps.total = sum(self._pixels.values())

    def _say_result(self, result: JobResult) -> None:
        if isinstance(result, Failed):
            self.say(result.error, "failed: ")
        elif isinstance(result, Done):
            for note in result.notes:
                self.say(note, "note: ")
        elif isinstance(result, Planned):
            self.say(_expected(result))
        if self._volume > 0 and isinstance(result, Done | Skipped | NotRun):
            self.say(_described(result))

    def finish(self, exit_code: int) -> None:
        """Take the bar away and show the sums."""
        self.__exit__()
        seconds = time.monotonic() - self._started
        summary = add_up(self._planned, self._results, seconds, exit_code)
        if self._as_json:
            _print_json(asdict(summary))
        self.say(describe(summary, self._results) + self._place())

    def _place(self) -> str:
        """Where to look for what was done, if that is one place."""
        outputs = {result.output for result in self._results if isinstance(result, Done)}
        places = outputs if len(outputs) == 1 else self._folders
        return f" -> {places.pop()}" if outputs and len(places) == 1 else ""


class _Steps:
    """How much of a run's pixels is done, in hundredths."""

    def __init__(self) -> None:
        self.total = 0
        self._lock = threading.Lock()
        self._done = 0
        self._told = 0

    def advance(self, pixels: int) -> None:
        """``pixels`` more of ``total`` are done; any thread may say so."""
        with self._lock:
            self._done += pixels
            hundredths = min(100, 100 * self._done // max(1, self.total))
            if hundredths > self._told:
                self._told = hundredths
                _print_json({"progress": hundredths / 100})


def _described(result: Done | Skipped | NotRun) -> str:
    """``a.jpg -> out/a.jpg: 800x600 -> 1600x1200 in 1.2 s``, or why there is none."""
    way = f"{result.input} -> {result.output}" if result.output else result.input
    if isinstance(result, Done):
        return f"{way}: {result.input_size} -> {result.output_size} in {result.seconds:.1f} s"
    return f"{way}: {result.reason}"


def _expected(result: Planned) -> str:
    """``a.jpg -> out/a.jpg: 800x600 -> 1600x1200 by edsr x2, about 5 s and 1.2 MB``."""
    networks = ", ".join(f"x{scale}" for scale in result.passes)
    means = f"{result.model} {networks}" if networks else "resampling alone"
    sizes = f"{result.input_size} -> {result.output_size}"
    cost = f"about {_duration(result.seconds)} and {result.bytes / 1e6:.1f} MB"
    return f"{result.input} -> {result.output}: {sizes} by {means}, {cost}"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _print_json(record: dict[str, object]) -> None:
    write_output(PIPE, json.dumps(record).encode() + b"\n")


def add_up(planned: int, results: Sequence[JobResult], seconds: float, exit_code: int) -> Summary:
    """Count ``results``; what was ``planned`` and has none was not run."""
    kinds = Counter(type(result) for result in results)
    return Summary(
        planned=planned,
        done=kinds[Done],
        skipped=kinds[Skipped],
        failed=kinds[Failed],
        not_run=planned - kinds[Done] - kinds[Skipped] - kinds[Failed],
        seconds=round(seconds, 3),
        exit_code=exit_code,
    )


def describe(summary: Summary, results: Sequence[JobResult]) -> str:
    """The closing line for people: ``20 images: 18 done, 2 failed in 31.4 s (0.52 MP/s)``."""
    if summary.planned == 0:
        return "no images found"
    planned = [result for result in results if isinstance(result, Planned)]
    counts = [
        f"{count} {word}{why}"
        for count, word, why in (
            (summary.done, "done", ""),
            (summary.skipped, "skipped", _reasons(results)),
            (summary.failed, "failed", ""),
            (len(planned), "to do", _costs(planned)),
            (summary.not_run - len(planned), "not run", ""),
        )
        if count
    ]
    images = "1 image" if summary.planned == 1 else f"{summary.planned} images"
    return f"{images}: {', '.join(counts)} in {summary.seconds:.1f} s{_speed(summary, results)}"


def _costs(planned: Sequence[Planned]) -> str:
    seconds, size = sum(p.seconds for p in planned), sum(p.bytes for p in planned)
    return f" (about {_duration(seconds)} and {size / 1e6:.1f} MB)"


def _reasons(results: Sequence[JobResult]) -> str:
    reasons = sorted({result.reason for result in results if isinstance(result, Skipped)})
    return f" ({'; '.join(reasons)})" if len(reasons) <= 3 else ""


def _speed(summary: Summary, results: Sequence[JobResult]) -> str:
    pixels = sum(result.input_size.pixels for result in results if isinstance(result, Done))
    return f" ({pixels / 1e6 / summary.seconds:.2g} MP/s)" if pixels and summary.seconds else ""
