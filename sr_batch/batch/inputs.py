"""Finds the input files of a command line: files, folders, patterns and standard input.

A folder is walked in the order of its names. Hidden files and folders are left out (the state
folder ``.sr-batch`` is one), links to folders are not followed. What other programs leave behind,
such as ``@eaDir`` and unfinished downloads, is passed over. A file in a folder is taken if it
has the suffix of an image, even of a format that is not read, or the content of one that is read.
The same rule holds for the files that match a pattern. Other files are ignored. A file or folder
that cannot be read is a ``Failed``.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from mimetypes import MimeTypes
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.input_choice import Choice, match_parts
from sr_batch.batch.unread_formats import unread_kind
from sr_batch.core.errors import UnreadableImage, UsageError
from sr_batch.core.results import Failed, cause_of, one_line
from sr_batch.files.reading import PIPE, display_name, is_folder, read_head, require_regular

MAGIC_BYTES = 64

Told = Callable[[Path], None]
"""Told about a file or folder that is passed over."""


@dataclass(frozen=True)
class Source:
    """A file to work on.

    Attributes:
        path: Where it is; ``PIPE`` for standard input.
        relative: Its path below the folder that was searched, which an output folder mirrors.
        tree: The input folder it was found in; None for a file that was named or matched.
        unread: Name of its format, if that is not read and the file was not named.
    """

    path: Path
    relative: Path
    tree: Path | None = None
    unread: str = ""


def _tell_nobody(path: Path) -> None:
    pass


def find_sources(
    inputs: Sequence[str], choice: Choice, told: Told = _tell_nobody
) -> Iterator[Source | Failed]:
    """All files that ``inputs`` name, hold or match, in their order.

    Raises:
        UsageError: an input does not exist, or a pattern matches no image.
    """
    for text in inputs:
        yield from sources_of(text, choice, told)


def sources_of(text: str, choice: Choice, told: Told = _tell_nobody) -> Iterator[Source | Failed]:
    """As :func:`find_sources`, for one input."""
    path = Path(text)
    if text == str(PIPE):
        yield Source(PIPE, PIPE)
    elif not text or not os.path.lexists(path):
        yield from _of_pattern(text, choice, told)
    elif is_folder(path):
        yield from _in_folder(path, choice, told)
    elif choice.is_of_shard(Path(path.name)):
        yield _named(path)


def folder_of(text: str) -> Path:
    """The folder that an input is, or that its files are in or below."""
    path = Path(text)
    if not os.path.lexists(path):
        return _split(text)[0]
    return path if is_folder(path) else path.parent


def is_image_name(path: Path) -> bool:
    """Whether the suffix belongs to images of any kind, including those that cannot be read."""
    if codec.format_of_suffix(path):
        return True
    kind, _ = _types().guess_type("x" + path.suffix.lower(), strict=False)
    return kind is not None and kind.startswith("image/")


@cache
def _types() -> MimeTypes:
    """Python's own table, the same on every machine. Made late, as it takes time."""
    return MimeTypes(filenames=())


def _named(path: Path) -> Source | Failed:
    """A file that is named is always an input, even if its suffix is not that of an image."""
    if path == PIPE:
        path = path.absolute()  # "./-" is a file, and must not be taken for standard input later
    try:
        require_regular(path)
    except UnreadableImage as error:
        return Failed(str(path), None, str(error))
    return Source(path, Path(path.name))


def _in_folder(folder: Path, choice: Choice, told: Told) -> Iterator[Source | Failed]:
    for found in walk(folder, None if choice.recursive else 1, choice, told):
        if isinstance(found, Failed):
            yield found
        elif choice.takes(relative := found.relative_to(folder)) and (
            candidate := as_candidate(_found(found, relative, folder))
        ):
            yield candidate


def _found(path: Path, relative: Path, tree: Path | None = None) -> Source:
    return Source(path, relative, tree, unread_kind(path))


def _of_pattern(text: str, choice: Choice, told: Told) -> Iterator[Source | Failed]:
    base, pattern = _split(text)
    if not pattern or not is_folder(base):
        raise UsageError(f"{one_line(text) or 'an empty name'}: no such file or folder")
    any_match = False
    for found in walk(base, None if "**" in pattern else len(pattern), choice, told):
        if isinstance(found, Failed):
            yield found
        elif match_parts((relative := found.relative_to(base)).parts, pattern) and (
            candidate := as_candidate(_found(found, relative))
        ):
            any_match = True
            if choice.takes(relative):
                yield candidate
    if not any_match:
        raise UsageError(f"{one_line(text)}: the pattern matches no image")


def _split(text: str) -> tuple[Path, tuple[str, ...]]:
    """The folder that ``text`` begins with, and the pattern behind it.

    A path that exists is taken as it is, even if it looks like a pattern: ``[2024] trip``.
    """
    base, parts = Path(), Path(text).parts
    for at, part in enumerate(parts):
        if is_pattern(part) and not os.path.lexists(base / part):
            return base, parts[at:]
        base /= part
    return base, ()


def is_pattern(part: str) -> bool:
    """Whether a name has a wildcard."""
    return any(char in part for char in "*?[")


def walk(
    top: Path, depth: int | None, choice: Choice, told: Told = _tell_nobody
) -> Iterator[Path | Failed]:
    """The files below ``top``, and all else that is not a folder, in the order of their names.

    Args:
        top: The folder to search.
        depth: Levels to go down; None is all levels.
        choice: Which folders are entered, and whether files are passed over.
        told: About every file and folder that is passed over.
    """
    unreadable: list[OSError] = []
    for here, folders, files in os.walk(top, onerror=unreadable.append):
        folder = Path(here)
        below = folder.relative_to(top)
        deeper = depth is None or len(below.parts) + 1 < depth
        names = _kept(folder, files, choice, told)
        folders[:] = _kept(folder, folders if deeper else [], choice, told)
        folders[:] = [name for name in folders if choice.enters(below / name)]
        yield from (folder / name for name in names)
    for error in unreadable:
        folder = Path(error.filename)
        if not choice.is_of_shard(folder.relative_to(top)):
            continue
        why = f"{display_name(folder)}: the folder cannot be read: {error.strerror}"
        yield Failed(str(folder), None, why)


def _kept(folder: Path, names: Sequence[str], choice: Choice, told: Told) -> list[str]:
    """The ``names`` in ``folder`` that are neither hidden nor passed over, sorted."""
    kept = []
    for name in sorted(name for name in names if not name.startswith(".")):
        if choice.passes_over_name(name):
            told(folder / name)
        else:
            kept.append(name)
    return kept


def as_candidate(source: Source) -> Source | Failed | None:
    """``source`` if its suffix or its content is that of an image. Opens regular files only."""
    by_name = is_image_name(source.path)
    try:
        require_regular(source.path)
        if by_name or source.unread or codec.sniff(read_head(source.path, MAGIC_BYTES)):
            return source
    except UnreadableImage as error:
        if by_name:
            return Failed(str(source.path), None, str(error), cause_of(error))
    return None
