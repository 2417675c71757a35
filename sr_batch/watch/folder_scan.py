"""Lists the files of a watched folder that the watch may take."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import Told, walk
from sr_batch.batch.sidecars import is_sidecar
from sr_batch.core.results import Failed
from sr_batch.files.reading import stamp_of
from sr_batch.files.stamp import Stamp


def is_wanted(place: Path, choice: Choice) -> bool:
    """Whether the watch may take the file at ``place``, relative to the watched folder."""
    hidden = any(part.startswith(".") for part in place.parts)
    too_deep = not choice.recursive and len(place.parts) > 1
    if is_sidecar(place):  # it comes with its picture, which --include may name by its suffix
        choice = replace(choice, include=())
    return not hidden and not too_deep and not choice.passes_over(place) and choice.takes(place)


def scan(
    folder: Path, choice: Choice, told: Told = lambda path: None
) -> Iterator[tuple[Path, Stamp] | Failed]:
    """Every wanted file in ``folder`` with its stamp; Failed for a folder that cannot be read.

    ``told`` is told about what other programs left behind, which is passed over.
    """
    for found in walk(folder, None if choice.recursive else 1, choice, told):
        if isinstance(found, Failed):
            yield found
        elif is_wanted(found.relative_to(folder), choice) and (stamp := stamp_of(found)):
            yield found, stamp
