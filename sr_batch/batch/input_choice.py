"""Chooses files by their names: by patterns, by shards, and without what other programs leave."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch, translate
from pathlib import Path, PurePosixPath

from sr_batch.core.shard import Shard

# Folders and files that other programs leave beside pictures; hidden ones are left out anyway.
_LEFT_BEHIND = (
    "@__thumb",  # thumbnails of a QNAP NAS
    "@eadir",  # thumbnails of a Synology NAS
    "@recently-snapshot",
    "@recycle",
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "__macosx",  # in archives made by macOS
    "*_original",  # copies that exiftool keeps
    "*.!qb",
    "*.!sync",
    "*.!ut",
    "*.aria2",
    "*.crdownload",
    "*.download",  # a folder of Safari
    "*.filepart",
    "*.opdownload",
    "*.part",
    "*.partial",
    "*.sb-????????-??????",  # what macOS leaves when it cannot replace a file
    "*.temp",
    "*.tmp",
    "*~",
)
_IS_LEFT_BEHIND = re.compile("|".join(map(translate, _LEFT_BEHIND)))


@dataclass(frozen=True)
class Choice:
    """Which files are taken from folders and patterns; a file that is named is always taken.

    A pattern with a slash is matched with the path below the folder, one without a slash with every
    name in that path. Case does not count. A folder that is excluded is not entered.

    Attributes:
        recursive: Whether folders in folders are searched.
        include: Patterns, one of which must match; empty takes all files.
        exclude: Patterns, none of which may match the file or a folder above it.
        ignore: Whether what other programs leave behind is passed over.
        shard: Takes part of the files; None takes all.
    """

    recursive: bool = True
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    ignore: bool = True
    shard: Shard | None = None

    def takes(self, relative: Path) -> bool:
        """Whether the file with the path ``relative`` below its folder is taken."""
        if not self.is_of_shard(relative):
            return False
        included = not self.include or any(_matches(relative, glob) for glob in self.include)
        if not included or not self.exclude:  # most runs: no path is made of each folder above
            return included
        return not any(map(self._excludes, (relative, *relative.parents)))

    def is_of_shard(self, relative: Path) -> bool:
        """Whether this run takes what has the path ``relative``, and not another shard."""
        return self.shard is None or self.shard.takes(relative.as_posix())

    def enters(self, relative: Path) -> bool:
        """Whether the folder ``relative`` is searched, if those above it are."""
        return not self._excludes(relative)

    def passes_over(self, relative: Path) -> bool:
        """Whether another program has left behind the file or folder, or one above it."""
        return any(map(self.passes_over_name, relative.parts))

    def passes_over_name(self, name: str) -> bool:
        """As `passes_over`, for the name alone."""
        return self.ignore and _IS_LEFT_BEHIND.match(name.casefold()) is not None

    def _excludes(self, relative: Path) -> bool:
        return any(_matches(relative, glob) for glob in self.exclude)


def match_parts(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether the names in a path match the parts of a pattern; ``**`` is any number of names."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return match_parts(parts, pattern[1:]) or bool(parts and match_parts(parts[1:], pattern))
    return bool(parts) and fnmatch(parts[0], pattern[0]) and match_parts(parts[1:], pattern[1:])


def _matches(relative: Path, glob: str) -> bool:
    folded = glob.casefold()
    parts = tuple(part.casefold() for part in relative.parts)
    if "/" in glob:
        return match_parts(parts, PurePosixPath(folded).parts)
    return any(fnmatch(part, folded) for part in parts)
