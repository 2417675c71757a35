"""The sums of a batch, and results as lines for people."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sr_batch.batch.job import NOT_READ
from sr_batch.core.duration import rough_duration
from sr_batch.core.results import Done, Failed, JobResult, NotRun, Planned, Skipped

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


def add_up(planned: int, results: Sequence[JobResult], seconds: float, exit_code: int) -> Summary:
    """Count ``results``. An input of ``planned`` without a result was not run."""
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
    """The last line for people: ``20 images: 18 done, 2 failed in 31.4 s (0.52 MP/s)``."""
    if summary.planned == 0:
        return "no images found"
    planned = [result for result in results if isinstance(result, Planned)]
    counts = [
        f"{count} {status}{remark}"
        for count, status, remark in (
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


def describe_result(result: Done | Skipped | NotRun) -> str:
    """``a.jpg -> out/a.jpg: 800x600 -> 1600x1200 in 1.2 s``, or why there is no output.

    If the network was chosen for the picture: ``... in 1.2 s by photo (JPEG quality 92)``.
    """
    paths = f"{result.input} -> {result.output}" if result.output else result.input
    if isinstance(result, Done):
        sizes = f"{result.input_size} -> {result.output_size}"
        choice = f" by {result.model} ({result.choice})" if result.choice else ""
        return f"{paths}: {sizes} in {result.seconds:.1f} s{choice}"
    return f"{paths}: {result.reason}"


def describe_choices(results: Sequence[JobResult]) -> str:
    """``enlarged by photo: 41 pictures, by balanced: 3 (-v says why for each)``.

    Of a single picture it says why. Empty if no network was chosen.
    """
    chosen = [result for result in results if isinstance(result, Done) and result.choice]
    if len(chosen) < 2:
        return "".join(f"enlarged by {each.model}: {each.choice}" for each in chosen)
    (first, most), *others = Counter(result.model for result in chosen).most_common()
    counts = [
        f"{first}: {most} {'picture' if most == 1 else 'pictures'}",
        *(f"{name}: {count}" for name, count in others),
    ]
    return f"enlarged by {', by '.join(counts)} (-v says why for each)"


def describe_planned(result: Planned) -> str:
    """``a.jpg -> out/a.jpg: 800x600 -> 1600x1200 by edsr x2 in fp32, about 5 s and 1.2 MB``."""
    passes = ", ".join(f"x{scale}" for scale in result.passes)
    method = f"{result.model} {passes} in {result.precision}" if passes else "resampling alone"
    sizes = f"{result.input_size} -> {result.output_size}"
    cost = f"about {rough_duration(result.seconds)} and {result.bytes / 1e6:.1f} MB"
    choice = f" ({result.choice})" if result.choice else ""
    return f"{result.input} -> {result.output}: {sizes} by {method}, {cost}{choice}"


def _costs(planned: Sequence[Planned]) -> str:
    seconds, size = sum(each.seconds for each in planned), sum(each.bytes for each in planned)
    return f" (about {rough_duration(seconds)} and {size / 1e6:.1f} MB)"


def _reasons(results: Sequence[JobResult]) -> str:
    """``(already done)``, or with counts ``(7 already done; 2 not read: camera raw (.cr3))``.

    All formats that are not read are named, however many they are.
    """
    counts = Counter(result.reason for result in results if isinstance(result, Skipped))
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


def _speed(summary: Summary, results: Sequence[JobResult]) -> str:
    pixels = sum(result.input_size.pixels for result in results if isinstance(result, Done))
    return f" ({pixels / 1e6 / summary.seconds:.2g} MP/s)" if pixels and summary.seconds else ""
