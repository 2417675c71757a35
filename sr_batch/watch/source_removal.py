"""Moves or deletes a source after its result, as ``--after`` says, and its sidecars with it."""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from sr_batch.batch.job import ALREADY_DONE, Notify
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.sidecars import is_copied, pictures_of, sidecar_pairs
from sr_batch.core.results import Done, Failed, JobResult, Skipped
from sr_batch.files.reading import display_name, file_hash, stamp_of
from sr_batch.files.stamp import Stamp
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.unfinished import is_being_written


def may_remove(pair: Pair, source: Path, stamp: Stamp, result: JobResult) -> bool:
    """Whether ``pair.after`` moves or deletes ``source``, which had ``stamp`` when it was read.

    A source that has changed since then is kept, as is one whose output is missing.
    """
    if pair.after == "keep" or stamp_of(source) != stamp:
        return False
    if isinstance(result, Failed):
        return pair.after == "move"
    return _has_output(result)


def has_changed(pair: Pair, source: Path, result: JobResult, notify: Notify) -> bool:
    """Whether ``source`` no longer holds what its output was made from, by the ledger.

    Its stamp may be the same, as some file systems count in whole seconds.

    Raises:
        StorageError: the disk is full or failing.
    """
    if isinstance(result, Failed) or result.output is None:
        return False
    entry = Ledger(pair.output, notify).find(Path(result.output).absolute())
    return entry is not None and entry.source != file_hash(source)


def place_of(
    pair: Pair, source: Path, result: JobResult, taken: Collection[Path] = ()
) -> Path | None:
    """Where ``source`` is moved: a free name that is not ``taken``; None if it is deleted."""
    if pair.after == "delete":
        return None
    folder = pair.failed if isinstance(result, Failed) else pair.done
    return free_name(folder / source.relative_to(pair.source), taken)


def remove(source: Path, stamp: Stamp, place: Path | None) -> str | None:
    """Move ``source`` to ``place``, or delete it if that is None.

    Returns:
        What went wrong, if the source is still there: empty if it has changed since ``stamp``, or
        if a program has it open for writing.
    """
    if is_being_written(source) or stamp_of(source) != stamp:
        return ""
    try:
        if place is None:
            source.unlink()
        else:
            move(source, place)
    except OSError as error:
        how = "moved" if place else "deleted"
        return f"{display_name(source)} could not be {how}: {error.strerror or error}"
    return None


def move(source: Path, target: Path) -> None:
    """Move ``source`` and its sidecars to ``target``, a free name, and make its folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)
    for sidecar, place in sidecar_pairs(source, target):
        if sidecar.is_file() and not os.path.lexists(place):
            _move_sidecar(sidecar, place)


def delete_sidecars(source: Path, output: Path, ledger: Ledger) -> None:
    """Delete the sidecars of ``source``, which was deleted, as far as ``output`` has copies.

    Raises:
        StorageError: the disk is full or failing.
    """
    for sidecar, copy in sidecar_pairs(source, output):
        if (stamp := stamp_of(sidecar)) and not _has_picture(sidecar):
            delete_sidecar(sidecar, stamp, copy, ledger)


def delete_sidecar(sidecar: Path, stamp: Stamp, copy: Path, ledger: Ledger) -> None:
    """Delete ``sidecar``, unless it was changed since ``stamp`` or ``copy`` is not its copy.

    Raises:
        StorageError: the disk is full or failing.
    """
    if is_copied(sidecar, copy, ledger) and not is_being_written(sidecar):
        with suppress(OSError):  # it stays, as does one that has no copy
            if stamp_of(sidecar) == stamp:
                sidecar.unlink()


def sidecar_stamps(source: Path) -> tuple[Stamp | None, ...]:
    """The stamps of all possible sidecars of ``source``, to see whether one comes or changes."""
    return tuple(stamp_of(sidecar) for sidecar, _ in sidecar_pairs(source, source))


def free_name(target: Path, taken: Collection[Path] = ()) -> Path:
    """``target``, or the first of its numbered names that no file has and that is not ``taken``."""
    names = numbered(target)
    return next(path for path in names if path not in taken and not os.path.lexists(path))


def numbered(target: Path) -> Iterator[Path]:
    """``target``, then the same name with ``_2``, ``_3`` and so on."""
    yield target
    for number in count(2):
        yield target.with_name(f"{target.stem}_{number}{target.suffix}")


def _has_output(result: JobResult) -> bool:
    """Whether its output exists; the engine and the ledger have compared its content."""
    if not isinstance(result, Done | Skipped) or result.output is None:
        return False
    if isinstance(result, Skipped) and result.reason != ALREADY_DONE:
        return False
    found = stamp_of(Path(result.output))
    return found is not None and found.size > 0


def _move_sidecar(sidecar: Path, place: Path) -> None:
    """Move ``sidecar``, or copy it if it belongs to another file that is still there, too."""
    if _has_picture(sidecar):
        shutil.copy2(sidecar, place)
    else:
        shutil.move(sidecar, place)


def _has_picture(sidecar: Path) -> bool:
    return bool(pictures_of(sidecar, list(sidecar.parent.iterdir())))
