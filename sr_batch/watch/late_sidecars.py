"""Copies sidecars that arrive or change after their pictures were finished."""

import os
import shutil
import threading
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from sr_batch.batch import engine
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.inputs import Source, as_candidate
from sr_batch.batch.loading import Loader
from sr_batch.batch.sidecars import is_sidecar, pictures_of
from sr_batch.core.results import Failed
from sr_batch.files.reading import display_name, stamp_of
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.known_sources import KnownSources
from sr_batch.watch.listener import Listener
from sr_batch.watch.output_names import OutputNames
from sr_batch.watch.settled_batch import plans


def copy_late_sidecars(
    batch: Collection[Path],
    known: KnownSources,
    names: OutputNames,
    upscaler: Enlarger,
    load: Loader,
    listener: Listener,
    stop: threading.Event,
) -> None:
    """Copy the sidecars in ``batch`` whose pictures are ``known``.

    Raises:
        StorageError: the disk is full or failing.
    """
    pair = names.pair
    pictures = [*_finished_pictures(batch, known, pair), *_moved_pictures(batch, pair, listener)]
    if not pictures:
        return
    for planned in plans(pictures, pair, upscaler.model, load, listener):
        plan = names.assign(planned)
        for result in engine.copy_late_sidecars(
            plan, upscaler, pair.options, stop, load, listener.say
        ):
            if isinstance(result, Failed):
                listener.say(f"sidecars are not copied: {result.error}", "note: ")


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


def _moved_pictures(batch: Collection[Path], pair: Pair, listener: Listener) -> Iterator[Source]:
    """Pictures that were moved before their sidecars in ``batch`` came: these follow them."""
    if pair.after != "move":
        return
    for sidecar in batch:
        if is_sidecar(sidecar) and not pictures_of(sidecar, _names(sidecar.parent)):
            place = pair.done / sidecar.relative_to(pair.source)
            pictures = pictures_of(place, _names(place.parent))
            if pictures and _follow(sidecar, place, pictures, listener):
                for path in pictures:
                    yield Source(path, path.relative_to(pair.done), pair.source)


def _follow(sidecar: Path, place: Path, pictures: list[Path], listener: Listener) -> bool:
    """Move ``sidecar`` to ``place``, unless it is not clear which picture it belongs to."""
    twins = (path.with_name(f"{path.stem}_2{path.suffix}") for path in pictures)
    taken = next((path for path in (place, *twins) if os.path.lexists(path)), None)
    try:
        if taken is None:
            shutil.move(sidecar, place)
        why = f"there is already {display_name(taken)}" if taken else ""
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        listener.say(f"{display_name(sidecar)} is not moved after its picture: {why}", "note: ")
    return not why


def _names(folder: Path) -> list[Path]:
    with suppress(OSError):
        return list(folder.iterdir())
    return []
