"""The state of a file, told without reading it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stamp:
    """What tells one state of a file from another without reading it.

    Attributes:
        inode: Another file under the same name has another.
        size: In bytes.
        modified: Time of the last write, nanoseconds.
        changed: Time of the last change of anything, permissions among it, nanoseconds.
    """

    inode: int
    size: int
    modified: int
    changed: int

    def __str__(self) -> str:
        return f"{self.inode} {self.size} {self.modified} {self.changed}"
