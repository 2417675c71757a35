"""What lies in a watched folder, by looking."""

from collections.abc import Iterator
from pathlib import Path

from sr_batch.batch.inputs import Choice, walk
from sr_batch.core.results import Failed
from sr_batch.files.reading import stamp_of
from sr_batch.files.stamp import Stamp

# What browsers, copying programs and editors call a file that they have not finished.
_PARTIAL = (".part", ".partial", ".crdownload", ".download", ".tmp", ".temp", ".filepart", "~")


def is_wanted(place: Path, choice: Choice) -> bool:
    """Whether the file at ``place`` below the watched folder is anybody's business here."""
    hidden = any(part.startswith(".") for part in place.parts)
    partial = place.name.lower().endswith(_PARTIAL)
    too_deep = not choice.recursive and len(place.parts) > 1
    return not hidden and not partial and not too_deep and choice.takes(place)


def scan(folder: Path, choice: Choice) -> Iterator[tuple[Path, Stamp] | Failed]:
    """Every wanted file in ``folder`` as it looks now; a folder that cannot be read is Failed."""
    for found in walk(folder, None if choice.recursive else 1):
        if isinstance(found, Failed):
            yield found
        elif is_wanted(found.relative_to(folder), choice) and (stamp := stamp_of(found)):
            yield found, stamp
