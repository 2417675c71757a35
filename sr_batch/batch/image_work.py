"""An input that is to be enlarged, what it costs, and the result that it becomes."""

from dataclasses import dataclass

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
        return Done(
            input=str(self.job.source),
            output=str(self.job.target),
            seconds=seconds,
            input_size=self.made.header.size,
            output_size=self.made.sizes[0],
            model=self.upscaler.model,
            scale=scale,
            provider=self.upscaler.provider,
            notes=notes,
            precision=self.upscaler.precision(self.made.header.size),
            choice=self.choice.reason if self.choice else "",
        )

    def planned(self) -> Planned:
        """The result of a dry run."""
        header, sizes = self.made.header, self.made.sizes
        return Planned(
            input=str(self.job.source),
            output=str(self.job.target),
            input_size=header.size,
            output_size=sizes[0],
            model=self.upscaler.model,
            precision=self.upscaler.precision(header.size),
            passes=self.upscaler.passes(header.size),
            seconds=sum(self.upscaler.seconds(size) for size in header.sizes),
            bytes=sum(codec.likely_bytes(size, self.made.kind) for size in sizes),
            choice=self.choice.reason if self.choice else "",
        )
