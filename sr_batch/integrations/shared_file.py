"""Files of this user: ones that hold lines of ours among others, and how any of them is written."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sr_batch.core.errors import StorageError, UnwritableOutput, UsageError
from sr_batch.files.atomic_write import imitate
from sr_batch.files.part_file import part_file, resolved
from sr_batch.files.reading import display_name


@dataclass(frozen=True)
class SharedFile:
    """A file that somebody else writes, too. What is not ours keeps its bytes.

    Attributes:
        path: Where it is, or would be.
        ours: Matches what :meth:`put` has put in, and nothing else.
        before: The text that ours stands before; the end of the file if it is empty.
        frame: The file where there was none; its words tell it from one that somebody made.
        check: Given what is to be written, raises ValueError if the other program cannot read it.
    """

    path: Path
    ours: re.Pattern[bytes]
    before: bytes
    frame: bytes
    check: Callable[[bytes], None] = lambda _: None

    def put(self, lines: bytes) -> bool:
        """Put ``lines`` in, in place of what was put in before; whether that changes anything.

        Raises:
            UsageError: the file cannot be read, understood or written.
        """
        content = read(self.path)
        others = self.frame if content is None else self.ours.sub(b"", content)
        new = self._joined(others, lines)
        if new != content:
            write(self.path, new)
        return new != content

    def held(self) -> bytes:
        """What is in it of ours; empty if nothing is."""
        return b"".join(match[0] for match in self.ours.finditer(read(self.path) or b""))

    def take_out(self) -> bool:
        """Leave the others' bytes alone in it, or no file where nobody else has any."""
        content = read(self.path) or b""
        others = self.ours.sub(b"", content)
        if others == content:
            return False
        if others == self.frame:
            remove(resolved(self.path))
        else:
            write(self.path, others)
        return True

    def _joined(self, others: bytes, lines: bytes) -> bytes:
        at = others.rfind(self.before) if self.before else len(others)
        try:
            if at < 0:
                raise ValueError(f"there is no {self.before.decode()} in it")
            self.check(others)
            if b"\r\n" in others:
                lines = lines.replace(b"\n", b"\r\n")
            new = others[:at] + lines + others[at:]
            self.check(new)
            if self.ours.sub(b"", new) != others:
                raise ValueError("it has marks of ours in a place of its own")
        except ValueError as error:
            raise UsageError(
                f"{display_name(self.path)}: {error}; mend it or move it away, then run the same"
                " command again"
            ) from error
        return new


def read(path: Path) -> bytes | None:
    """The bytes of ``path``, None if there is no such file. Raises UsageError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{display_name(path)} cannot be read: {error.strerror}") from error


def write(path: Path, content: bytes, executable: bool = False) -> None:
    """Write ``path`` whole or not at all; one that is there keeps its permissions.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        with part_file(path, len(content)) as part:
            part.write(content)
            if path.exists():
                imitate(part.path, path, times=False)
            if executable:
                part.path.chmod(part.path.stat().st_mode | 0o111)
            part.sync()
            part.take_name()
    except (StorageError, UnwritableOutput) as error:
        cause = getattr(error.__cause__, "strerror", None) or error
        raise UsageError(f"{display_name(path)} cannot be written: {cause}") from error


def remove(path: Path) -> None:
    """Remove a file. Raises UsageError if it cannot be."""
    try:
        path.unlink()
    except OSError as error:
        raise UsageError(f"{display_name(path)} cannot be removed: {error.strerror}") from error
