"""What a watch is told."""

from dataclasses import dataclass
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.core.options import SECONDS_RANGE, After, UpscaleOptions


@dataclass(frozen=True)
class Pair:
    """What a watch is told.

    Attributes:
        source: The watched folder, absolute.
        output: The output folder, absolute.
        options: As for any batch.
        settle: Seconds without a change after which a file is whole.
        rescan: Seconds between two looks at the whole folder.
        poll: Whether only those looks count, as on network shares.
        after: What becomes of a source whose output is verified.
    """

    source: Path
    output: Path
    options: UpscaleOptions
    settle: float = 2.0
    rescan: float = 30.0
    poll: bool = False
    after: After = "keep"

    def __post_init__(self) -> None:
        for flag, seconds in (("--settle", self.settle), ("--rescan", self.rescan)):
            if not seconds > 0:
                raise UsageError(f"{flag} {seconds:g}: allowed is {SECONDS_RANGE}")
        if self.after != "keep" and not self.options.verify:
            raise UsageError(
                f"--after {self.after} needs outputs that are verified: leave --no-verify out"
            )

    @property
    def done(self) -> Path:
        """Where ``--after move`` takes a source."""
        return self.source.with_name(self.source.name + "_done")

    @property
    def failed(self) -> Path:
        """Where ``--after move`` takes a source that cannot be enlarged."""
        return self.source.with_name(self.source.name + "_failed")
