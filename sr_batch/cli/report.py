"""What a user or a program sees of a batch: lines, a bar on a terminal, JSON for machines."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sr_batch.cli.console import say
from sr_batch.results import Done, Failed, JobResult, NotRun, Skipped, one_line, to_json

if TYPE_CHECKING:
    from sr_batch.cli.progress import Bar
    from sr_batch.jobs import Plan


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
    """Shows results as they come and adds them up. Use as a context manager."""

    def __init__(self, plan: Plan, as_json: bool) -> None:
        self._pixels = {str(job.source): job.pixels for job in plan.jobs}
        self._files = len(plan.jobs) + len(plan.settled)
        self._as_json = as_json
        self._started = time.monotonic()
        self._results: list[JobResult] = []
        self._said: set[str] = set()
        self._bar: Bar | None = None

    def __enter__(self) -> Report:
        if sys.stderr.isatty() and self._pixels:
            from sr_batch.cli.progress import Bar

            self._bar = Bar(self._files, sum(self._pixels.values()))
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.close()
            self._bar = None

    def say(self, line: str) -> None:
        """Show one line for people."""
        if self._bar:
            self._bar.say(one_line(line))
        else:
            say(line)

    def progress(self, pixels: int) -> None:
        """``pixels`` of an input are done; any thread may say so."""
        if self._bar:
            self._bar.advance(pixels)

    def add(self, result: JobResult) -> None:
        """Show one result."""
        self._results.append(result)
        if self._as_json:
            print(json.dumps(to_json(result)), flush=True)
        self._say_result(result)
        if not isinstance(result, Done):
            self._pixels.pop(result.input, None)  # never to be worked on: out of the ETA
        if self._bar:
            self._bar.show(len(self._results), sum(self._pixels.values()))

    def _say_result(self, result: JobResult) -> None:
        if isinstance(result, Failed):
            self.say(f"failed: {result.error}")
        elif isinstance(result, Done):
            for note in set(result.notes) - self._said:  # a thousand files may have the same
                self._said.add(note)
                self.say(f"note: {note}")

    def finish(self, exit_code: int) -> None:
        """Take the bar away and show the sums."""
        self.__exit__()
        summary = add_up(self._results, time.monotonic() - self._started, exit_code)
        if self._as_json:
            print(json.dumps(asdict(summary)), flush=True)
        self.say(describe(summary, self._results))


def add_up(results: Sequence[JobResult], seconds: float, exit_code: int) -> Summary:
    """Count ``results``, each of which is one of the four kinds."""
    kinds = Counter(type(result) for result in results)
    return Summary(
        planned=len(results),
        done=kinds[Done],
        skipped=kinds[Skipped],
        failed=kinds[Failed],
        not_run=kinds[NotRun],
        seconds=round(seconds, 3),
        exit_code=exit_code,
    )


def describe(summary: Summary, results: Sequence[JobResult]) -> str:
    """The closing line for people: ``20 images: 18 done, 2 failed in 31.4 s (0.52 MP/s)``."""
    if summary.planned == 0:
        return "no images found"
    counts = [
        f"{count} {word}{why}"
        for count, word, why in (
            (summary.done, "done", ""),
            (summary.skipped, "skipped", _reasons(results)),
            (summary.failed, "failed", ""),
            (summary.not_run, "not run", ""),
        )
        if count
    ]
    images = "1 image" if summary.planned == 1 else f"{summary.planned} images"
    return f"{images}: {', '.join(counts)} in {summary.seconds:.1f} s{_speed(summary, results)}"


def _reasons(results: Sequence[JobResult]) -> str:
    reasons = sorted({result.reason for result in results if isinstance(result, Skipped)})
    return f" ({'; '.join(reasons)})" if len(reasons) <= 3 else ""


def _speed(summary: Summary, results: Sequence[JobResult]) -> str:
    pixels = sum(result.input_size.pixels for result in results if isinstance(result, Done))
    return f" ({pixels / 1e6 / summary.seconds:.2f} MP/s)" if pixels and summary.seconds else ""
