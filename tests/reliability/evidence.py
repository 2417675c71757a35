"""Evidence that a file was left alone, or is whole."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tests.runs import digest


@dataclass(frozen=True)
class Trace:
    """The state of a file: its content, and all that writing, replacing or touching it changes."""

    content: str
    modified: int
    changed: int
    inode: int
    mode: int


def traces(folder: Path) -> dict[Path, Trace]:
    """Of every regular file below ``folder`` outside the state folder; links are not followed."""
    return {path: _trace(path) for path in files(folder)}


def files(folder: Path) -> list[Path]:
    """Every regular file below ``folder`` outside the state folder."""
    return sorted(
        Path(here, name)
        for here, folders, names in os.walk(folder)
        for name in names
        if ".sr-batch" not in Path(here).parts and stat.S_ISREG(Path(here, name).lstat().st_mode)
    )


def leftovers(folder: Path) -> list[Path]:
    """Hidden files that killed or failed runs left."""
    return [path for path in files(folder) if path.name.endswith(".part")]


def _trace(path: Path) -> Trace:
    status = path.stat()
    content = digest(path)
    return Trace(content, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)
