"""Detects file systems that send no events for changes made by another machine."""

import os
import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_SILENT = ("nfs", "cifs", "smb", "9p", "fuse", "virtiofs", "vboxsf", "afs", "ceph", "glusterfs")


def sends_no_events(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether ``folder`` is on such a file system; False if that cannot be found out."""
    kind = _kind_of(Path(os.path.realpath(folder)), mounts)
    return kind.startswith(_SILENT)


def _kind_of(folder: Path, mounts: Path) -> str:
    """The type of the file system that is mounted deepest above ``folder``; empty if unknown."""
    best, kind = Path(), ""
    try:
        lines = mounts.read_bytes().decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        point = Path(_unescaped(fields.split(" ")[4]))
        if folder.is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, rest.split(" ")[0]
    return kind


def _unescaped(text: str) -> str:
    """``mountinfo`` writes spaces and the like as a backslash and an octal code."""
    return re.sub(r"\\([0-7]{3})", lambda digits: chr(int(digits[1], 8)), text)
