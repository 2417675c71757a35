"""Files of XMP beside a picture: copied beside its output, true to its new size and turn."""

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
    """Copy what lies beside ``source`` as ``NAME.xmp`` or ``NAME.jpg.xmp`` to beside ``target``.

    Args:
        source: The input; standard input has nothing beside it.
        target: The output, as it is going to be named.
        header: Of the input.
        size: Of the output.
        policy: ``--metadata``.

    Returns:
        Notes on what was not copied, and why: it is no reason to fail an image.

    Raises:
        StorageError: the disk is full or failing; the image itself would not fare better.
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
    """What to note of the copy, if anything."""
    if sidecar == copy:
        return None
    try:
        said = read_source(sidecar, _MOST_BYTES)
    except UnreadableImage:
        return None
    except ImageError as error:
        return f"{display_name(sidecar)} is not copied: {error}"
    packet = codec.true_xmp(said, header, size, policy)
    try:
        if _differs(copy, packet):
            return f"{display_name(sidecar)} is not copied: {display_name(copy)} is another file"
        write_output(copy, packet)
    except ImageError as error:
        return f"{display_name(sidecar)} is not copied: {error}"
    return None


def _differs(copy: Path, packet: bytes) -> bool:
    """Whether something else stands in the place of the copy."""
    if not copy.exists() and not is_folder(copy):
        return False
    return read_source(copy, _MOST_BYTES) != packet
