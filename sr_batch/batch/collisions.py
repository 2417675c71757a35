"""Refuses jobs of which two have one output, or of which one would overwrite an input."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from sr_batch.batch.job import Job
from sr_batch.batch.output_paths import RealPaths
from sr_batch.core.errors import OutputCollision
from sr_batch.files.reading import PIPE, display_name


def require_no_collision(jobs: Iterable[Job], refused: Iterable[Path], real: RealPaths) -> None:
    """Compare every output with all inputs and all other outputs.

    Args:
        jobs: The whole plan.
        refused: Inputs that have no job, but must not be overwritten either.
        real: Cache of resolved paths.

    Raises:
        OutputCollision: naming the files.
    """
    jobs = tuple(jobs)
    inputs = {_same_name(real[path]): path for path in (*(job.source for job in jobs), *refused)}
    outputs: dict[str, Job] = {}
    for job in jobs:
        if job.target == PIPE:
            continue
        key = _same_name(real[job.target])
        if key in inputs:
            raise OutputCollision(
                f"{display_name(inputs[key])} is an input and is never overwritten, but the output"
                f" of {display_name(job.source)} would be {display_name(job.target)}:"
                " choose another -o"
            )
        if (other := outputs.setdefault(key, job)) is not job:
            raise OutputCollision(
                f"{display_name(other.source)} and {display_name(job.source)} would both be"
                f" written to {display_name(job.target)}: rename one, or run them separately, each"
                " with its own -o"
            )


def _same_name(path: Path) -> str:
    """Equal for paths that some file system takes for one: case and Unicode form do not count."""
    folded = unicodedata.normalize("NFC", str(path)).casefold()
    return unicodedata.normalize("NFC", folded)
