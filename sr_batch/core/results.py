"""The result of each input: data, never an exception. Always one result per input."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sr_batch.core.errors import ImageError, OutOfMemory, UnreadableImage
from sr_batch.core.geometry import Size

Cause = Literal["input", "damage", "memory", "disk"]

ALL_WELL = 0
SOME_FAILED = 3

# What lines for people begin with.
FAILED = "failed: "
STOPPED = "stopped: "  # the disk is full or failing, and no file is worked on
ERRORS = (FAILED, STOPPED)


@dataclass(frozen=True)
class Done:
    """An output was written completely.

    Attributes:
        input: Path as it was found, ``-`` for standard input.
        output: Path written, ``-`` for standard output.
        seconds: From reading the input to the finished output.
        input_size: As decoded, orientation applied.
        output_size: As written.
        model: Name of the network.
        scale: Output side / input side.
        provider: The execution provider that really ran it.
        notes: For the user, such as what the output format cannot hold.
        precision: Of the networks that ran; None if none was needed.
        choice: Why this network was chosen for it; empty without ``--model auto``, or if the size
            needs no network.
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
    precision: str | None = None
    choice: str = ""

    @property
    def status(self) -> Literal["done"]:
        return "done"


@dataclass(frozen=True)
class Planned:
    """The plan of a dry run for an input that would be enlarged.

    Attributes:
        input: Path as it was found, ``-`` for standard input.
        output: Path that would be written.
        input_size: As decoded, orientation applied.
        output_size: As it would be written.
        model: Name of the network.
        precision: Of the networks; None for a plain resize.
        passes: Factors of the networks, in their order; empty for a plain resize.
        seconds: Estimate for the networks, by a short calibration.
        bytes: Estimated size of the output.
        choice: Why this network was chosen for it; empty without ``--model auto``, or if the size
            needs no network.
    """

    input: str
    output: str
    input_size: Size
    output_size: Size
    model: str
    precision: str | None
    passes: tuple[int, ...]
    seconds: float
    bytes: int
    choice: str = ""

    @property
    def status(self) -> Literal["planned"]:
        return "planned"


@dataclass(frozen=True)
class Skipped:
    """The input needed no work; ``reason`` says why."""

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
        output: Path that would have been written, None if it is not known.
        error: One line that names the input and what fixes it.
        cause: ``memory`` that ran out; ``disk`` for a full disk or another error that ended the
            run; ``damage`` to the file, which may still be being written; or ``input`` for
            anything else about the file.
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
    """The run ended before or during this input; nothing was written."""

    input: str
    output: str | None
    reason: str

    @property
    def status(self) -> Literal["not_run"]:
        return "not_run"


JobResult = Done | Skipped | Failed | NotRun | Planned


def to_json(result: JobResult) -> dict[str, object]:
    """One flat record with the same keys for every status; a ``reason`` becomes the only note.

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
    keys = ("seconds", "input_size", "output_size", "model", "scale", "provider", "precision")
    if not isinstance(result, Done):
        return dict.fromkeys(keys)
    return {
        "seconds": round(result.seconds, 3),
        "input_size": [result.input_size.width, result.input_size.height],
        "output_size": [result.output_size.width, result.output_size.height],
        "model": result.model,
        "scale": round(result.scale, 6),
        "provider": result.provider,
        "precision": result.precision,
    }


def _expectations(result: Planned) -> dict[str, object]:
    return {
        "seconds": round(result.seconds, 3),
        "input_size": [result.input_size.width, result.input_size.height],
        "output_size": [result.output_size.width, result.output_size.height],
        "model": result.model,
        "scale": round(result.output_size.width / result.input_size.width, 6),
        "provider": None,
        "precision": result.precision,
        "passes": list(result.passes),
        "bytes": result.bytes,
    }


def _notes(result: JobResult) -> list[str]:
    match result:
        case Done(model=model, choice=choice, notes=notes):
            return [*([f"enlarged by {model}: {choice}"] if choice else []), *notes]
        case Planned(model=model, choice=choice) if choice:
            return [f"to be enlarged by {model}: {choice}"]
        case Skipped(reason=reason) | NotRun(reason=reason):
            return [reason]
        case _:
            return []


def exit_code(results: Iterable[JobResult]) -> int:
    """3 if any input failed, else 0: skipped and not run are not failures."""
    return SOME_FAILED if any(isinstance(result, Failed) for result in results) else ALL_WELL


def cause_of(error: ImageError) -> Cause:
    """The cause of ``error``."""
    if isinstance(error, OutOfMemory):
        return "memory"
    return "damage" if isinstance(error, UnreadableImage) else "input"


def one_line(text: str) -> str:
    """``text`` for display: control characters and undecodable bytes of file names escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
