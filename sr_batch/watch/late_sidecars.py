"""Copies sidecars that arrive or change after their pictures were finished."""

import os
import shutil
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from sr_batch.batch import engine
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.inputs import Source, as_candidate
from sr_batch.batch.job import Job
from sr_batch.batch.loading import Loader
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.planning import Plan
from sr_batch.batch.sidecars import (
    copy_without_picture,
    is_sidecar,
    pictures_of,
    sidecar_pairs,
)
from sr_batch.codec import Header
from sr_batch.core.errors import ImageError
from sr_batch.core.results import Failed
from sr_batch.core.target_size import MAX_SCALE
from sr_batch.files.reading import display_name, file_hash, most_bytes, read_source, stamp_of
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.journal import Journal, Removed
from sr_batch.watch.known_sources import KnownSources
from sr_batch.watch.listener import Listener
from sr_batch.watch.output_names import OutputNames
from sr_batch.watch.settled_batch import plans
from sr_batch.watch.source_removal import delete_sidecar


def copy_late_sidecars(
    batch: Collection[Path],
    known: KnownSources,
    journal: Journal,
    names: OutputNames,
    upscaler: Enlarger,
    load: Loader,
    listener: Listener,
    stop: threading.Event,
) -> None:
    """Copy the sidecars in ``batch`` whose pictures are finished.

    If ``--after`` has moved the picture, its sidecar follows it; if the picture was deleted, the
    sidecar is deleted, too, once its copy is there.

    Raises:
        StorageError: the disk is full or failing.
    """
    pair = names.pair
    moved, deleted = _removed_pictures(batch, journal, listener)
    for sidecar, source in deleted.items():
        _copy_of_deleted(sidecar, source, pair, load, listener)
    followed = {
        sidecar: each for sidecar, each in moved.items() if _follow(sidecar, each, listener)
    }
    pictures = list(_finished_pictures(batch, known, pair))
    planned = plans(pictures, pair, upscaler.model, load, listener) if pictures else ()
    ledger = Ledger(pair.output, listener.say)
    jobs = tuple(_jobs_of_moved(followed, pair, ledger))
    for plan in (*map(names.assign, planned), Plan(jobs, ())):
        for result in engine.copy_late_sidecars(
            plan, upscaler, pair.options, stop, load, listener.say
        ):
            if isinstance(result, Failed):
                listener.say(f"sidecars are not copied: {result.error}", "note: ")
    if not stop.is_set():
        for sidecar, each in followed.items():
            _leave(sidecar, each)


def _finished_pictures(
    batch: Collection[Path], known: KnownSources, pair: Pair
) -> Iterator[Source]:
    sidecars = [path for path in batch if is_sidecar(path)]
    names = {folder: _names(folder) for folder in {sidecar.parent for sidecar in sidecars}}
    found = {path for each in sidecars for path in pictures_of(each, names[each.parent])}
    for path in sorted(found):
        stamp = stamp_of(path)
        if path not in batch and stamp and known.has(path, stamp):
            source = as_candidate(Source(path, path.relative_to(pair.source), pair.source))
            if isinstance(source, Source):
                yield source


def _removed_pictures(
    batch: Collection[Path], journal: Journal, listener: Listener
) -> tuple[dict[Path, Removed], dict[Path, Path]]:
    """The sidecars in ``batch`` with their pictures, if these were moved or deleted."""
    moved: dict[Path, Removed] = {}
    deleted: dict[Path, Path] = {}
    for sidecar in batch:
        if pictures_of(sidecar, _names(sidecar.parent)):
            continue  # it belongs to a picture that is there
        all_of_name = journal.removed_of(sidecar.with_suffix(""))
        removed = [each for each in all_of_name if pictures_of(sidecar, [each.source])]
        there = [each for each in removed if each.place and each.place.exists()]
        gone = {each.source for each in removed if each.place is None}
        if len(there) + len(gone) > 1:
            _stays(sidecar, "several pictures had its name", listener)
        elif there:
            moved[sidecar] = there[0]
        elif gone:
            deleted[sidecar] = gone.pop()
    return moved, deleted


def _jobs_of_moved(followed: Mapping[Path, Removed], pair: Pair, ledger: Ledger) -> Iterator[Job]:
    """One job for each moved picture that has an output, by the ledger: both may have numbers."""
    for each in {each.place: each for each in followed.values()}.values():
        if each.place:
            content = file_hash(each.place)
            for output in _outputs_of(each.source, pair, ledger):
                entry = ledger.find(output)
                if entry and entry.source == content:
                    yield Job(each.place, output, pair.output, "keep", 0)


def _outputs_of(source: Path, pair: Pair, ledger: Ledger) -> list[Path]:
    return ledger.made_from(Path(os.path.relpath(source, pair.output)))


def _follow(sidecar: Path, removed: Removed, listener: Listener) -> bool:
    """Put ``sidecar`` beside its moved picture, too. :func:`_leave` ends the move.

    If the watch is killed before that, the next one finds it in the watched folder again.
    """
    place = _place_of(sidecar, removed)
    try:
        if not os.path.lexists(place):
            _link_or_copy(sidecar, place)
            return True
        if file_hash(place) == file_hash(sidecar):
            return True
        why = f"there is already {display_name(place)}"
    except OSError as error:
        why = error.strerror or str(error)
    _stays(sidecar, why, listener)
    return False


def _link_or_copy(sidecar: Path, place: Path) -> None:
    try:
        place.hardlink_to(sidecar)
    except OSError:  # another file system, or one without links
        shutil.copy2(sidecar, place)


def _leave(sidecar: Path, removed: Removed) -> None:
    """Remove ``sidecar``, which is beside its moved picture, unless it was changed meanwhile."""
    with suppress(OSError):
        if file_hash(sidecar) == file_hash(_place_of(sidecar, removed)):
            sidecar.unlink()


def _place_of(sidecar: Path, removed: Removed) -> Path:
    assert removed.place
    return next(
        place for name, place in sidecar_pairs(removed.source, removed.place) if name == sidecar
    )


def _copy_of_deleted(
    sidecar: Path, source: Path, pair: Pair, load: Loader, listener: Listener
) -> None:
    """Copy ``sidecar`` beside the output of the deleted ``source``, then delete it."""
    ledger, stamp = Ledger(pair.output, listener.say), stamp_of(sidecar)
    outputs = _outputs_of(source, pair, ledger)
    if len(outputs) > 1:
        _stays(sidecar, "several pictures had its name", listener)
    if len(outputs) != 1 or stamp is None:
        return
    copy = next(copy for name, copy in sidecar_pairs(source, outputs[0]) if name == sidecar)
    try:
        header = _header_of(outputs[0], pair, load)
        note = copy_without_picture(sidecar, copy, header, pair.options.metadata, ledger)
    except ImageError as error:
        note = str(error)
    if note:
        _stays(sidecar, note, listener)
    delete_sidecar(sidecar, stamp, copy, ledger)


def _header_of(output: Path, pair: Pair, load: Loader) -> Header:
    most = round(pair.options.max_pixels * MAX_SCALE**2)
    with load(read_source(output, most_bytes(most)), display_name(output), most) as file:
        return file.header


def _stays(sidecar: Path, why: str, listener: Listener) -> None:
    listener.say(f"{display_name(sidecar)} stays in the watched folder: {why}", "note: ")


def _names(folder: Path) -> list[Path]:
    with suppress(OSError):
        return list(folder.iterdir())
    return []
