"""The sums of a batch, and results as lines for people."""

from collections import Counter
from dataclasses import dataclass

from sr_batch.batch.job import NOT_READ
from sr_batch.core.byte_count import rough_bytes
from sr_batch.core.duration import rough_duration
from sr_batch.core.results import (
    ALL_WELL,
    SOME_FAILED,
    Done,
    Failed,
    JobResult,
    NotRun,
    Planned,
    Skipped,
)

_MOST_REASONS = 8


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


class Tally:
    """Adds up the results of a run as they come, and keeps none of them."""

    def __init__(self) -> None:
        self._kinds: Counter[type[JobResult]] = Counter()
        self._reasons: Counter[str] = Counter()  # why inputs were skipped
        self._chosen: Counter[str] = Counter()  # networks
        self._first_choice = ""
        self._pixels = 0
        self._planned_seconds, self._planned_bytes = 0.0, 0
        self._output: str | None = None

    def add(self, result: JobResult) -> None:
        """Count ``result``."""
        self._kinds[type(result)] += 1
        if isinstance(result, Done):
            self._output = self._output or result.output
            self._pixels += result.input_size.pixels
            if result.choice:
                self._first_choice = self._first_choice or f"{result.model}: {result.choice}"
                self._chosen[result.model] += 1
        elif isinstance(result, Skipped):
            self._reasons[result.reason] += 1
        elif isinstance(result, Planned):
            self._planned_seconds += result.seconds
            self._planned_bytes += result.bytes

    @property
    def count(self) -> int:
        """How many results there were."""
        return self._kinds.total()

    @property
    def exit_code(self) -> int:
        """3 if any input failed, else 0: skipped and not run are not failures."""
        return SOME_FAILED if self._kinds[Failed] else ALL_WELL

    @property
    def is_done(self) -> bool:
        """Whether an output was written."""
        return self._output is not None

    @property
    def only_output(self) -> str | None:
        """The output, if a single one was written."""
        return self._output if self._kinds[Done] == 1 else None

    def sum_up(self, planned: int, seconds: float, exit_code: int) -> Summary:
        """The sums. An input of ``planned`` without a result was not run."""
        kinds = self._kinds
        return Summary(
            planned=planned,
            done=kinds[Done],
            skipped=kinds[Skipped],
            failed=kinds[Failed],
            not_run=planned - kinds[Done] - kinds[Skipped] - kinds[Failed],
            seconds=round(seconds, 3),
            exit_code=exit_code,
        )

    def describe(self, summary: Summary) -> str:
        """The last line for people: ``20 images: 18 done, 2 failed in 31.4 s``, and the speed."""
        planned = self._kinds[Planned]
        counts = [
            f"{count} {status}{remark}"
            for count, status, remark in (
                (summary.done, "done", ""),
                (summary.skipped, "skipped", _reasons(self._reasons)),
                (summary.failed, "failed", ""),
                (planned, "to do", self._costs()),
                (summary.not_run - planned, "not run", ""),
            )
            if count
        ]
        images = "1 image" if summary.planned == 1 else f"{summary.planned} images"
        return f"{images}: {', '.join(counts)} in {summary.seconds:.1f} s{self._speed(summary)}"

    def describe_choices(self) -> str:
        """``enlarged by photo: 41 pictures, by balanced: 3 (-v says why for each)``.

        Of a single picture it says why. Empty if no network was chosen.
        """
        if self._chosen.total() < 2:
            return f"enlarged by {self._first_choice}" if self._first_choice else ""
        (first, most), *others = self._chosen.most_common()
        counts = [
            f"{first}: {most} {'picture' if most == 1 else 'pictures'}",
            *(f"{name}: {count}" for name, count in others),
        ]
        return f"enlarged by {', by '.join(counts)} (-v says why for each)"

    def _costs(self) -> str:
        seconds = rough_duration(self._planned_seconds)
        return f" (about {seconds} and {rough_bytes(self._planned_bytes)})"

    def _speed(self, summary: Summary) -> str:
        if not self._pixels or not summary.seconds:
            return ""
        return f" ({self._pixels / 1e6 / summary.seconds:.2g} input megapixels per second)"


def describe_result(result: Done | Skipped | NotRun) -> str:
    """``a.jpg -> out/a.jpg: 800x600 -> 1600x1200 in 1.2 s``, or why there is no output.

    If the network was chosen for the picture: ``... in 1.2 s by photo (a JPEG of quality 92)``.
    """
    paths = f"{result.input} -> {result.output}" if result.output else result.input
    if isinstance(result, Done):
        sizes = f"{result.input_size} -> {result.output_size}"
        choice = f" by {result.model} ({result.choice})" if result.choice else ""
        return f"{paths}: {sizes} in {result.seconds:.1f} s{choice}"
    return f"{paths}: {result.reason}"


def describe_planned(result: Planned) -> str:
    """``a.jpg -> out/a.jpg: 800x600 -> 1600x1200 by edsr x2 in fp32, about 5 s and 1.2 MB``."""
    passes = ", ".join(f"x{scale}" for scale in result.passes)
    method = f"{result.model} {passes} in {result.precision}" if passes else "resampling alone"
    sizes = f"{result.input_size} -> {result.output_size}"
    cost = f"about {rough_duration(result.seconds)} and {rough_bytes(result.bytes)}"
    choice = f" ({result.choice})" if result.choice else ""
    return f"{result.input} -> {result.output}: {sizes} by {method}, {cost}{choice}"


def _reasons(counts: Counter[str]) -> str:
    """``(already done)``, or with counts ``(7 already done; 2 not read: camera raw (.cr3))``.

    All formats that are not read are named, however many they are.
    """
    if len(counts) == 1:
        return f" ({next(iter(counts))})"
    counts = _with_one_sum(counts)
    shown = [f"{count} {reason}" for reason, count in counts.most_common(_MOST_REASONS)]
    if others := counts.total() - sum(count for _, count in counts.most_common(_MOST_REASONS)):
        shown.append(f"{others} for other reasons")
    return f" ({'; '.join(shown)})" if shown else ""


def _with_one_sum(reasons: Counter[str]) -> Counter[str]:
    """``reasons`` with all formats that are not read as one: ``2 camera raw (.cr3), 1 ...``."""
    unread = Counter({each: n for each, n in reasons.items() if each.startswith(NOT_READ)})
    if len(unread) < 2:
        return reasons
    kinds = (f"{n} {each.removeprefix(NOT_READ)}" for each, n in unread.most_common())
    return (reasons - unread) + Counter({NOT_READ + ", ".join(kinds): unread.total()})
