"""Copies XMP files beside an input to beside its output, with the new size and orientation.

The ledger records each copy. So a sidecar that changes later is copied again, but a copy that was
changed since is kept.
"""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.output_ledger import Entry, Ledger
from sr_batch.core.errors import ImageError, UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.options import Keep
from sr_batch.files.part_file import part_file
from sr_batch.files.reading import (
    PIPE,
    content_hash,
    display_name,
    file_hash,
    is_folder,
    read_source,
    stamp_of,
)

_SUFFIXES = (".xmp", ".XMP")
_MOST_BYTES = 64 << 20
_RECIPE = "sidecar"
_ORIENTATION = re.compile(rb"\btiff:Orientation\s*(?:=\s*[\"']|>)\s*([1-8])\b")


def copy_sidecars(
    source: Path,
    target: Path,
    header: codec.Header,
    size: Size,
    policy: Keep,
    ledger: Ledger | None = None,
) -> tuple[str, ...]:
    """Copy ``NAME.xmp`` and ``NAME.jpg.xmp`` from beside ``source`` to beside ``target``.

    Args:
        source: The input; standard input has no sidecars.
        target: The output, by the name that it is going to take.
        header: Of the input.
        size: Of the output.
        policy: ``--metadata``.
        ledger: Of the output folder; None if nothing is recorded.

    Returns:
        Notes on files that were not copied, and why. They do not fail the image.

    Raises:
        StorageError: the disk is full or failing; the image itself could not be written either.
    """
    if policy == "strip" or PIPE in (source, target):
        return ()
    return tuple(
        note
        for sidecar, copy in sidecar_pairs(source, target)
        if (note := _copied(sidecar, copy, header, size, policy, ledger))
    )


def is_sidecar(path: Path) -> bool:
    """Whether ``path`` has the name of a sidecar."""
    return path.suffix in _SUFFIXES


def pictures_of(sidecar: Path, names: Collection[Path]) -> list[Path]:
    """The files among ``names``, all in the folder of ``sidecar``, that it may belong to."""
    return [
        path for path in names if sidecar.stem in (path.name, path.stem) and not is_sidecar(path)
    ]


def has_new_sidecar(source: Path, target: Path, ledger: Ledger) -> bool:
    """Whether a sidecar of ``source`` has changed since it was copied, or has no copy."""
    return any(
        _is_new(content, copy, ledger)
        for sidecar, copy in sidecar_pairs(source, target)
        if sidecar != copy and (content := file_hash(sidecar))
    )


def is_copied(sidecar: Path, copy: Path, ledger: Ledger) -> bool:
    """Whether ``copy`` is there and still is what was made of ``sidecar`` as it is now."""
    known = ledger.find(copy)
    if known is None or known.source != file_hash(sidecar):
        return False
    return known.knows(file_hash(copy) or "")


def copy_without_picture(
    sidecar: Path, copy: Path, output: codec.Header, policy: Keep, ledger: Ledger
) -> str | None:
    """Copy ``sidecar`` after its picture was deleted.

    How the picture was turned is then known from the sidecar alone.

    Args:
        sidecar: A file.
        copy: Its name beside the output.
        output: Header of the output.
        policy: ``--metadata``.
        ledger: Of the output folder.

    Returns:
        A note if it was not copied.

    Raises:
        StorageError: the disk is full or failing.
    """
    if policy == "strip":
        return None
    header = replace(output, orientation=_orientation_in(sidecar))
    return _copied(sidecar, copy, header, output.size, policy, ledger)


def _orientation_in(sidecar: Path) -> int:
    try:
        found = _ORIENTATION.search(read_source(sidecar, _MOST_BYTES))
    except ImageError:
        return 1  # copying it reports the error
    return int(found[1]) if found else 1


def _is_new(content: str, copy: Path, ledger: Ledger) -> bool:
    known = ledger.find(copy)
    return known is None or known.source != content or stamp_of(copy) is None


def sidecar_pairs(source: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    """The names of all possible sidecars of ``source``, each with its name beside ``target``."""
    for suffix in _SUFFIXES:
        yield source.with_suffix(suffix), target.with_suffix(suffix)
        yield source.with_name(source.name + suffix), target.with_name(target.name + suffix)


def _copied(
    sidecar: Path,
    copy: Path,
    header: codec.Header,
    size: Size,
    policy: Keep,
    ledger: Ledger | None,
) -> str | None:
    """The note about a sidecar that was not copied, if that is so."""
    if sidecar == copy:
        return None
    try:
        original = read_source(sidecar, _MOST_BYTES)
    except UnreadableImage:
        return None
    except ImageError as error:
        return f"{display_name(sidecar)} could not be copied: {error}"
    packet = codec.true_xmp(original, header, size, policy)
    origin = Path(os.path.relpath(sidecar.absolute(), copy.absolute().parent))
    entry = Entry(content_hash(original), _RECIPE, content_hash(packet), origin)
    try:
        why = _place(_Copy(copy, packet, entry), ledger)
    except ImageError as error:
        why = str(error)
    return f"{display_name(sidecar)} was not copied: {why}" if why else None


@dataclass(frozen=True)
class _Copy:
    """A sidecar to write: its path, its bytes and its entry in the ledger."""

    path: Path
    packet: bytes
    entry: Entry


def _place(copy: _Copy, ledger: Ledger | None) -> str | None:
    """Write ``copy``. Returns why it was not written, if somebody else's file is there."""
    known = ledger.find(copy.path) if ledger else None
    present = _content(copy.path)
    if present and present != copy.packet:
        if known is None:
            return f"{display_name(copy.path)} is another file"
        if not known.knows(content_hash(present)):
            if known.source == copy.entry.source:
                return None  # there is nothing new to copy
            return f"{display_name(copy.path)} was changed since it was copied"
    if present != copy.packet:
        with part_file(copy.path, len(copy.packet)) as part:
            part.write(copy.packet)
            part.sync()
            if _content(copy.path) != present:  # writing waits for the disk
                return f"{display_name(copy.path)} was changed meanwhile"
            part.take_name()
    # After the copy: if the run is killed between the two, the copy has the right content.
    if ledger and known != copy.entry:
        ledger.record(copy.path, copy.entry)
    return None


def _content(copy: Path) -> bytes | None:
    """What is in the place of the copy; None if nothing is. Raises if that is not a file."""
    if not copy.exists() and not is_folder(copy):
        return None
    return read_source(copy, _MOST_BYTES)
