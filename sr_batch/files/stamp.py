"""Tells whether a file has changed, without reading it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stamp:
    """The state of a file; a file that has changed has another.

    Attributes:
        inode: Differs for another file of the same name.
        size: In bytes.
        modified: Time of the last write, nanoseconds.
        changed: Time of the last change, including permissions, nanoseconds.
    """

    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def read(cls, text: str) -> "Stamp":
        """The stamp that ``str`` gave as ``text``. Raises ValueError if that is something else."""
        inode, size, modified, changed = map(int, text.split())
        return cls(inode, size, modified, changed)

    def __str__(self) -> str:
        return f"{self.inode} {self.size} {self.modified} {self.changed}"
