"""An input that is to be enlarged, what it costs, and the result that it becomes."""

from dataclasses import dataclass
from typing import Protocol

from sr_batch import codec
from sr_batch.batch.enlarge_file import Outline
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.job import Job
from sr_batch.batch.overwrite_guard import OverwriteGuard
from sr_batch.batch.tile_file import TileFile
from sr_batch.core.results import Done, Planned
from sr_batch.upscaling.auto_upscaler import Chosen


@dataclass(frozen=True)
class Work:
    """An input that is to be enlarged.

    Attributes:
        job: Names input and output.
        name: Of the input, for messages.
        data: The bytes of the input.
        made: What the output will be.
        guard: Protects other files from the output.
        upscaler: What enlarges it.
        choice: With ``--model auto``, the chosen upscaler.
        tiles: Keeps finished tiles if the run is stopped; None if none can be kept.
    """

    job: Job
    name: str
    data: bytes
    made: Outline
    guard: OverwriteGuard
    upscaler: Enlarger
    choice: Chosen | None = None
    tiles: TileFile | None = None

    def done(self, scale: float, notes: tuple[str, ...], seconds: float) -> Done:
        """The result once the output is written, which took ``seconds``."""
        return done_of(self._paths, self, scale, notes, seconds)

    def planned(self) -> Planned:
        """The result of a dry run."""
        return planned_of(self._paths, self)

    @property
    def _paths(self) -> tuple[str, str]:
        return str(self.job.source), str(self.job.target)


class Enlarged(Protocol):
    """An input that is to be enlarged, wherever it is and its output goes. As `Work`."""

    @property
    def name(self) -> str: ...

    @property
    def data(self) -> bytes: ...

    @property
    def made(self) -> Outline: ...

    @property
    def upscaler(self) -> Enlarger: ...

    @property
    def choice(self) -> Chosen | None: ...


def done_of(
    names: tuple[str, str], work: Enlarged, scale: float, notes: tuple[str, ...], seconds: float
) -> Done:
    """The result once the output is written.

    Args:
        names: Of the input and the output.
        work: What was done.
        scale: Output side / input side.
        notes: For the user.
        seconds: From reading the input to the finished output.
    """
    header, upscaler = work.made.header, work.upscaler
    return Done(
        *names,
        seconds=seconds,
        input_size=header.size,
        output_size=work.made.sizes[0],
        model=upscaler.model,
        scale=scale,
        provider=upscaler.provider,
        notes=notes,
        precision=upscaler.precision(header.size),
        choice=work.choice.reason_for(header.size) if work.choice else "",
    )


def planned_of(names: tuple[str, str], work: Enlarged) -> Planned:
    """The result of a dry run. ``names`` are those of the input and the output."""
    header, sizes, upscaler = work.made.header, work.made.sizes, work.upscaler
    return Planned(
        *names,
        input_size=header.size,
        output_size=sizes[0],
        model=upscaler.model,
        precision=upscaler.precision(header.size),
        passes=upscaler.passes(header.size),
        seconds=sum(upscaler.seconds(size) for size in header.sizes),
        bytes=sum(codec.likely_bytes(size, work.made.kind) for size in sizes),
        choice=work.choice.reason_for(header.size) if work.choice else "",
    )
