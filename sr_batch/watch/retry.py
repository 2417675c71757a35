"""``sr-batch retry``: failed sources are taken again, also those that were moved."""

import os
from dataclasses import dataclass
from pathlib import Path

from sr_batch.files.reading import display_name
from sr_batch.watch.folder_pair import FAILED
from sr_batch.watch.journal import Journal
from sr_batch.watch.source_removal import free_name, move


@dataclass(frozen=True)
class Retried:
    """What :func:`retry_failed` did.

    Attributes:
        count: Failed sources that the watch takes again.
        notes: On those that it does not, and on those with another name.
    """

    count: int
    notes: tuple[str, ...]


def retry_failed(journal: Journal) -> Retried:
    """Delete the failures from ``journal``, and move moved sources back to the watched folder.

    Raises:
        StorageError: the disk is full or failing.
    """
    failed = sorted(journal.failed())
    journal.forget(failed)
    done = [_again(source, _place_of_old(source)) for source in failed]
    for each in journal.removed():
        if each.outcome.status == "failed" and each.place:
            done.append(_again(each.source, each.place))
            if not os.path.lexists(each.place):
                journal.forget_removed([each])
    return Retried(
        sum(one.count for one in done), tuple(note for one in done for note in one.notes)
    )


def _again(source: Path, place: Path | None) -> Retried:
    """Bring ``source`` back from ``place``, if it was moved there."""
    if place is None and os.path.lexists(source):
        return Retried(1, ())
    if place is None or not os.path.lexists(place):
        return Retried(0, (f"{display_name(place or source)} no longer exists",))
    target = free_name(source)
    try:
        move(place, target)
    except OSError as error:
        why = f"{display_name(place)} could not be moved back to {display_name(target.parent)}"
        return Retried(0, (f"{why}: {error.strerror or error}",))
    if target == source:
        return Retried(1, ())
    shown = f"{display_name(place)} is back as {display_name(target)}"
    return Retried(1, (f"{shown}, because {source.name} is another file",))


def _place_of_old(source: Path) -> Path | None:
    """Where a version that did not record it has moved ``source``."""
    if os.path.lexists(source):
        return None
    folders = [folder for folder in source.parents if folder.name]
    places = [each.with_name(each.name + FAILED) / source.relative_to(each) for each in folders]
    return next((place for place in places if os.path.lexists(place)), None)
