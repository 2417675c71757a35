"""Copies XMP files beside an input to beside its output, with the new size and orientation."""

from collections.abc import Iterator
from pathlib import Path

from sr_batch import codec
from sr_batch.core.errors import ImageError, UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.options import Keep
from sr_batch.files.atomic_write import write_output
from sr_batch.files.reading import PIPE, display_name, is_folder, read_source

_SUFFIXES = (".xmp", ".XMP")
_MOST_BYTES = 64 << 20


def copy_sidecars(
    source: Path, target: Path, header: codec.Header, size: Size, policy: Keep
) -> tuple[str, ...]:
    """Copy ``NAME.xmp`` and ``NAME.jpg.xmp`` from beside ``source`` to beside ``target``.

    Args:
        source: The input; standard input has no sidecars.
        target: The output, by the name that it is going to take.
        header: Of the input.
        size: Of the output.
        policy: ``--metadata``.

    Returns:
        Notes on files that were not copied, and why. They do not fail the image.

    Raises:
        StorageError: the disk is full or failing; the image itself could not be written either.
    """
    if policy == "strip" or PIPE in (source, target):
        return ()
    return tuple(
        note
        for sidecar, copy in _pairs(source, target)
        if (note := _copied(sidecar, copy, header, size, policy))
    )


def _pairs(source: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    for suffix in _SUFFIXES:
        yield source.with_suffix(suffix), target.with_suffix(suffix)
        yield source.with_name(source.name + suffix), target.with_name(target.name + suffix)


def _copied(
    sidecar: Path, copy: Path, header: codec.Header, size: Size, policy: Keep
) -> str | None:
    """The note about a sidecar that was not copied, if that is so."""
    if sidecar == copy:
        return None
    try:
        original = read_source(sidecar, _MOST_BYTES)
    except UnreadableImage:
        return None
    except ImageError as error:
        return f"{display_name(sidecar)} is not copied: {error}"
    packet = codec.true_xmp(original, header, size, policy)
    try:
        if _differs(copy, packet):
            return f"{display_name(sidecar)} is not copied: {display_name(copy)} is another file"
        write_output(copy, packet)
    except ImageError as error:
        return f"{display_name(sidecar)} is not copied: {error}"
    return None


def _differs(copy: Path, packet: bytes) -> bool:
    """Whether another file, or a folder, is in the place of the copy."""
    if not copy.exists() and not is_folder(copy):
        return False
    return read_source(copy, _MOST_BYTES) != packet
