"""Finds jobs of which two have one output, or of which one would overwrite an input."""

import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from sr_batch.batch.job import Job
from sr_batch.batch.output_paths import RealPaths
from sr_batch.core.errors import OutputCollision
from sr_batch.files.reading import PIPE, display_name, is_folder


class Names:
    """Paths that are in use, and the input that uses each.

    Args:
        real: Cache of resolved paths.
    """

    def __init__(self, real: RealPaths) -> None:
        self.real = real
        self._used: dict[str, list[tuple[Path, Path]]] = {}

    def add(self, path: Path, source: Path) -> None:
        """``source`` uses ``path``."""
        self._put(_folded(self.real[path]), self.real[path], source)

    def find(self, path: Path) -> Path | None:
        """The input that uses ``path``, or a path that the file system takes for the same."""
        found = self.real[path]
        alike = self._alike(_folded(found))
        return next((source for used, source in alike if _is_one_file(used, found)), None)

    def _put(self, folded: str, path: Path, source: Path) -> None:
        self._used.setdefault(folded, []).append((path, source))

    def _alike(self, folded: str) -> Iterable[tuple[Path, Path]]:
        return self._used.get(folded, ())


@dataclass(frozen=True)
class RunNames:
    """The names that a run uses.

    Attributes:
        inputs: Files that must not be overwritten.
        outputs: Files that it writes.
    """

    inputs: Names
    outputs: Names

    def collision(self, job: Job) -> str:
        """What the output of ``job`` collides with, in one line; empty if it has its own name."""
        if overwritten := self.inputs.find(job.target):
            return (
                f"{display_name(overwritten)} is an input and is never overwritten, but the output"
                f" of {display_name(job.source)} would be {display_name(job.target)}:"
                " choose another -o"
            )
        other = self.outputs.find(job.target)
        return _message(other, job) if other else ""


def settle_collisions(
    jobs: Iterable[Job], refused: Iterable[Path], names: RunNames, number: bool
) -> tuple[Job, ...]:
    """Compare every output with all inputs and all other outputs.

    Args:
        jobs: The whole plan.
        refused: Inputs that have no job, but must not be overwritten either.
        names: Of other inputs and outputs of the run. Those of ``jobs`` are added.
        number: Whether of two jobs with one output the second gets a number, ``name_2.jpg``.

    Returns:
        The jobs, in their order.

    Raises:
        OutputCollision: naming the files.
    """
    jobs, second = list(jobs), []
    for path in (*(job.source for job in jobs), *refused):
        names.inputs.add(path, path)
    for at, job in enumerate(jobs):
        if job.target == PIPE:
            continue
        if not (message := names.collision(job)):
            names.outputs.add(job.target, job.source)
        elif number and not names.inputs.find(job.target):
            second.append(at)
        else:
            raise OutputCollision(message)
    for at in second:  # last, so that a number never takes the name of another output
        jobs[at] = _numbered(jobs[at], names)
    return tuple(jobs)


def _numbered(job: Job, names: RunNames) -> Job:
    """``job`` with the first number that makes its output's name a free one."""
    target = job.target
    numbers = (target.with_name(f"{target.stem}_{n}{target.suffix}") for n in count(2))
    free = next(
        name for name in numbers if not names.inputs.find(name) and not names.outputs.find(name)
    )
    names.outputs.add(free, job.source)
    return replace(job, target=free)


def _message(other: Path, job: Job) -> str:
    names = f"{display_name(other)} and {display_name(job.source)}"
    return (
        f"{names} would both be written to {display_name(job.target)}: add"
        f" {_solving_name(other, job)}--on-collision number, or run them separately, each with its"
        " own -o"
    )


def _solving_name(other: Path, job: Job) -> str:
    """The ``--name`` that keeps the outputs apart, for inputs that only differ in their suffix."""
    one, two = other, job.source
    if one.parent != two.parent or one.suffix.casefold() == two.suffix.casefold():
        return ""
    beside = "_{model}" if job.target.parent == two.parent else ""
    return f"--name '{{reldir}}/{{stem}}_{{input_ext}}{beside}{{ext}}' or "


def _folded(path: Path) -> str:
    """Equal for paths that some file system takes for one: case and Unicode form do not count."""
    folded = unicodedata.normalize("NFC", str(path)).casefold()
    return unicodedata.normalize("NFC", folded)


def _is_one_file(one: Path, two: Path) -> bool:
    """Whether two paths that are equal when folded are one file. Writes and removes a test file."""
    if one == two:
        return True
    at = next(n for n, (a, b) in enumerate(zip(one.parts, two.parts, strict=True)) if a != b)
    folder = Path(*one.parts[:at])
    while not is_folder(folder):
        folder = folder.parent
    if not _folds(folder, one.parts[at], two.parts[at]):
        return False
    return _is_one_file(Path(*two.parts[: at + 1], *one.parts[at + 1 :]), two)


def _folds(folder: Path, one: str, two: str) -> bool:
    """Whether a file called ``one`` in ``folder`` is found as ``two`` as well."""
    try:
        with tempfile.TemporaryDirectory(prefix=".sr-batch-", dir=folder) as trial:
            Path(trial, one).touch()
            return is_there(Path(trial, two))
    except OSError:
        return True  # no file can be made there: the careful answer


def is_there(path: Path) -> bool:
    """Whether the file system finds ``path``. Tests replace it with that of another system."""
    return path.exists()
