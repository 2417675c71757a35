"""Moves or deletes a source after its result, as ``--after`` says; sidecars move with it."""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from sr_batch.batch.job import ALREADY_DONE
from sr_batch.batch.sidecars import pictures_of, sidecar_pairs
from sr_batch.core.results import Done, Failed, JobResult, Skipped
from sr_batch.files.reading import display_name, stamp_of
from sr_batch.files.stamp import Stamp
from sr_batch.watch.folder_pair import Pair


def move_or_delete(pair: Pair, source: Path, stamp: Stamp, result: JobResult) -> tuple[str, ...]:
    """Apply ``pair.after`` to ``source``, whose stamp was ``stamp`` when it was read.

    A source that has changed since then is kept, as is one whose output is missing.

    Returns:
        A note if the source could not be moved or deleted.
    """
    if pair.after == "keep" or stamp_of(source) != stamp:
        return ()
    try:
        if isinstance(result, Failed):
            if pair.after == "move":
                _move(source, pair.failed / source.relative_to(pair.source))
        elif _has_output(result):
            if pair.after == "delete":
                source.unlink()
            else:
                _move(source, pair.done / source.relative_to(pair.source))
    except OSError as error:
        why = error.strerror or error
        return (f"{display_name(source)} could not be {pair.after}d: {why}",)
    return ()


def _has_output(result: JobResult) -> bool:
    """Whether its output exists; the engine and the ledger have compared its content."""
    if not isinstance(result, Done | Skipped) or result.output is None:
        return False
    if isinstance(result, Skipped) and result.reason != ALREADY_DONE:
        return False
    found = stamp_of(Path(result.output))
    return found is not None and found.size > 0


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    free = next(path for path in _names(target) if not path.exists())
    shutil.move(source, free)
    for sidecar, place in sidecar_pairs(source, free):
        if sidecar.is_file() and not os.path.lexists(place):
            _move_sidecar(sidecar, place)


def _move_sidecar(sidecar: Path, place: Path) -> None:
    """Move ``sidecar``, or copy it if it belongs to another file that is still there, too."""
    if pictures_of(sidecar, list(sidecar.parent.iterdir())):
        shutil.copy2(sidecar, place)
    else:
        shutil.move(sidecar, place)


def _names(target: Path) -> Iterator[Path]:
    """``target``, then the same name with ``_2``, ``_3`` and so on."""
    yield target
    for number in count(2):
        yield target.with_name(f"{target.stem}_{number}{target.suffix}")
