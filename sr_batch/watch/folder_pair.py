"""A watched folder with its output folder and options, and which of them may run together."""

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.core.options import SECONDS_RANGE, After, Again, UpscaleOptions
from sr_batch.files.reading import display_name, is_folder

DONE, FAILED = "_done", "_failed"  # follow the name of the watched folder


@dataclass(frozen=True)
class Pair:
    """A watched folder, its output folder and their options.

    Attributes:
        source: The watched folder, absolute.
        output: The output folder, absolute.
        options: The same as for a batch.
        settle: Seconds without a change after which a file counts as complete.
        rescan: Seconds from one scan of the whole folder to the next.
        poll: Whether to rely on scans alone, as on network shares.
        after: What to do with a source once its output is verified.
        again: What to do about another picture under a known name; ``auto`` is ``rename`` if
            sources are moved or deleted, and otherwise ``replace``.

    Raises:
        UsageError: an option is out of its range, or ``after`` needs verified outputs.
    """

    source: Path
    output: Path
    options: UpscaleOptions
    settle: float = 2.0
    rescan: float = 30.0
    poll: bool = False
    after: After = "keep"
    again: Again = "auto"

    def __post_init__(self) -> None:
        for flag, seconds in (("--settle", self.settle), ("--rescan", self.rescan)):
            if not seconds > 0:
                raise UsageError(f"{flag} {seconds:g}: must be {SECONDS_RANGE}")
        if self.after != "keep" and not self.options.verify:
            raise UsageError(f"--after {self.after} needs verified outputs: remove --no-verify")

    @property
    def done(self) -> Path:
        """Where ``--after move`` puts a source that was enlarged."""
        return self.source.with_name(self.source.name + DONE)

    @property
    def failed(self) -> Path:
        """Where ``--after move`` puts a source that cannot be enlarged."""
        return self.source.with_name(self.source.name + FAILED)


def require_apart(pairs: Sequence[Pair]) -> None:
    """Refuse pairs that would enlarge their own outputs, or each other's in a loop.

    Raises:
        UsageError: the message names the folders.
    """
    for pair in pairs:
        if not is_folder(pair.source):
            raise UsageError(f"{display_name(pair.source)}: no such folder to watch")
        if pair.source == pair.output:
            raise UsageError(
                "the watched folder and the output folder are the same,"
                f" {display_name(pair.source)}: choose another -o"
            )
        if pair.source.is_relative_to(pair.output):
            raise UsageError(
                f"the watched folder {display_name(pair.source)} is inside its output folder"
                f" {display_name(pair.output)}: choose another -o"
            )
    outputs = [pair.output for pair in pairs]
    if len(set(outputs)) < len(outputs):
        raise UsageError("two watched folders share an output folder: give each its own -o")
    _require_no_loop(pairs)


def _require_no_loop(pairs: Sequence[Pair]) -> None:
    feeds = {
        pair.source: [other.source for other in pairs if other != pair and _feeds(pair, other)]
        for pair in pairs
    }
    try:
        TopologicalSorter(feeds).prepare()
    except CycleError as error:
        loop = " -> ".join(display_name(folder) for folder in reversed(error.args[1]))
        raise UsageError(
            f"the watched folders feed each other in a loop: {loop}; choose another -o"
        ) from error


def _feeds(pair: Pair, other: Pair) -> bool:
    """Whether outputs of ``pair`` are sources of ``other``."""
    return pair.output.is_relative_to(other.source) or other.source.is_relative_to(pair.output)
