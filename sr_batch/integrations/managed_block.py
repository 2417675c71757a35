"""A block of lines that sr-batch manages inside a file that belongs to the user."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.files.part_file import resolved
from sr_batch.files.reading import display_name
from sr_batch.integrations.user_files import read, remove, write


@dataclass(frozen=True)
class ManagedBlock:
    """The block and its file. The rest of the file keeps its bytes.

    Attributes:
        path: The file, which need not exist.
        pattern: Matches the block, and nothing else in the file.
        before: The text that the block is put before; if empty, the block goes to the end.
        new_file: The bytes around the block in a file that :meth:`put` creates.
        check: Raises ValueError if the other program cannot read the given bytes as this file.
    """

    path: Path
    pattern: re.Pattern[bytes]
    before: bytes
    new_file: bytes
    check: Callable[[bytes], None] = lambda _: None

    def put(self, lines: bytes) -> bool:
        """Insert ``lines``, or replace the existing block by them; whether the file changes.

        Raises:
            UsageError: the file cannot be read, parsed or written.
        """
        content = read(self.path)
        rest = self.new_file if content is None else self.pattern.sub(b"", content)
        new = self._joined(rest, lines)
        if new != content:
            write(self.path, new)
        return new != content

    def lines(self) -> bytes:
        """The lines of the block; empty if the file does not have it."""
        return b"".join(match[0] for match in self.pattern.finditer(read(self.path) or b""))

    def take_out(self) -> bool:
        """Remove the block, and the file if sr-batch created it; whether there was a block."""
        content = read(self.path) or b""
        rest = self.pattern.sub(b"", content)
        if rest == content:
            return False
        if rest == self.new_file:
            remove(resolved(self.path))
        else:
            write(self.path, rest)
        return True

    def _joined(self, rest: bytes, lines: bytes) -> bytes:
        at = rest.rfind(self.before) if self.before else len(rest)
        try:
            if at < 0:
                raise ValueError(f"{self.before.decode()} is missing")
            self.check(rest)
            if b"\r\n" in rest:
                lines = lines.replace(b"\n", b"\r\n")
            new = rest[:at] + lines + rest[at:]
            self.check(new)
            if self.pattern.sub(b"", new) != rest:
                raise ValueError("the marker lines that sr-batch wrote have been moved or edited")
        except ValueError as error:
            raise UsageError(
                f"{display_name(self.path)}: {error}; fix it or move it away, then run the same"
                " command again"
            ) from error
        return new
