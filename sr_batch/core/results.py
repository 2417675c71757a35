"""What became of each input: data, never an exception. One result per input, always."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sr_batch.core.errors import ImageError, OutOfMemory, UnreadableImage
from sr_batch.core.geometry import Size

Cause = Literal["input", "damage", "memory", "disk"]

ALL_WELL = 0
SOME_FAILED = 3


@dataclass(frozen=True)
class Done:
    """An output was written whole.

    Attributes:
        input: Path as it was found, ``-`` for standard input.
        output: Path written, ``-`` for standard output.
        seconds: From reading the input to the finished output.
        input_size: As decoded, orientation applied.
        output_size: As written.
        model: Name of the network.
        scale: Output side / input side.
        provider: The execution provider that really ran it.
        notes: What the user should know: things the output format cannot hold, for example.
    """

    input: str
    output: str
    seconds: float
    input_size: Size
    output_size: Size
    model: str
    scale: float
    provider: str
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["done"]:
        return "done"


@dataclass(frozen=True)
class Planned:
    """What a dry run says of an input that would be enlarged.

    Attributes:
        input: Path as it was found, ``-`` for standard input.
        output: Path that would be written.
        input_size: As decoded, orientation applied.
        output_size: As it would be written.
        model: Name of the network.
        passes: Factors of the networks, in their order; none for a plain resize.
        seconds: That the networks would take, by a short calibration.
        bytes: That the output is likely to have.
    """

    input: str
    output: str
    input_size: Size
    output_size: Size
    model: str
    passes: tuple[int, ...]
    seconds: float
    bytes: int

    @property
    def status(self) -> Literal["planned"]:
        return "planned"


@dataclass(frozen=True)
class Skipped:
    """Nothing had to be done; ``reason`` says why."""

    input: str
    output: str | None
    reason: str

    @property
    def status(self) -> Literal["skipped"]:
        return "skipped"


@dataclass(frozen=True)
class Failed:
    """No output.

    Attributes:
        input: Path as it was found, ``-`` for standard input.
        output: Path that would have been written, None if that is not known.
        error: One line that names the input and what helps.
        cause: What it is owed to: a full ``memory``, the ``disk`` or whatever else ended the run,
            ``damage`` to the file, which may also be that it was still being written, or anything
            else about the ``input``.
    """

    input: str
    output: str | None
    error: str
    cause: Cause = "input"

    @property
    def status(self) -> Literal["failed"]:
        return "failed"


@dataclass(frozen=True)
class NotRun:
    """The run ended before this input's turn or in the midst of it; nothing was written."""

    input: str
    output: str | None
    reason: str

    @property
    def status(self) -> Literal["not_run"]:
        return "not_run"


JobResult = Done | Skipped | Failed | NotRun | Planned


def to_json(result: JobResult) -> dict[str, object]:
    """One flat record with the same keys for every status; a reason is the only note.

    Paths keep undecodable bytes as lone surrogates, as Python does; sizes are [width, height].
    """
    return {
        "input": result.input,
        "status": result.status,
        "output": result.output,
        "error": result.error if isinstance(result, Failed) else None,
        **_measures(result),
        "notes": _notes(result),
    }


def _measures(result: JobResult) -> dict[str, object]:
    if isinstance(result, Planned):
        return _expectations(result)
    keys = ("seconds", "input_size", "output_size", "model", "scale", "provider")
    if not isinstance(result, Done):
        return dict.fromkeys(keys)
    return {
        "seconds": round(result.seconds, 3),
        "input_size": [result.input_size.width, result.input_size.height],
        "output_size": [result.output_size.width, result.output_size.height],
        "model": result.model,
        "scale": round(result.scale, 6),
        "provider": result.provider,
    }


def _expectations(result: Planned) -> dict[str, object]:
    return {
        "seconds": round(result.seconds, 3),
        "input_size": [result.input_size.width, result.input_size.height],
        "output_size": [result.output_size.width, result.output_size.height],
        "model": result.model,
        "scale": round(result.output_size.width / result.input_size.width, 6),
        "provider": None,
        "passes": list(result.passes),
        "bytes": result.bytes,
    }


def _notes(result: JobResult) -> list[str]:
    match result:
        case Done(notes=notes):
            return list(notes)
        case Skipped(reason=reason) | NotRun(reason=reason):
            return [reason]
        case _:
            return []


def exit_code(results: Iterable[JobResult]) -> int:
    """3 if any input failed, else 0: skipped and not run are no faults of an input."""
    return SOME_FAILED if any(isinstance(result, Failed) for result in results) else ALL_WELL


def cause_of(error: ImageError) -> Cause:
    """What ``error`` is owed to."""
    if isinstance(error, OutOfMemory):
        return "memory"
    return "damage" if isinstance(error, UnreadableImage) else "input"


def one_line(text: str) -> str:
    """``text`` for people: control characters and undecodable bytes of a file name escaped."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
