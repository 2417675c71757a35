"""Facts of a file, which a file system does not keep: a small file below ``.sr-batch/facts``.

It is written before the output takes its name, and names the inode, size and time of the output.
If it says something else than the file system, the output is another file, without facts. It is
not synced: a power cut may lose it, but never makes it wrong.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from sr_batch.core.errors import UnreadableImage
from sr_batch.files.reading import read_source, stamp_of

_LIMIT = 1 << 20


class FactsFile:
    """The facts of the file ``key`` below ``root``."""

    def __init__(self, root: Path, key: str) -> None:
        digest = blake2b(key.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        self._folder = root / ".sr-batch" / "facts" / digest[:2]
        self._digest = digest

    def write(self, part: Path, facts: Mapping[str, str]) -> None:
        """Store ``facts`` of ``part``, which will be renamed. Raises OSError."""
        if facts:
            self._folder.mkdir(parents=True, exist_ok=True)
            content = {"file": _identity(part), "facts": dict(facts)}
            self._of(part).write_text(json.dumps(content), encoding="ascii")

    def read(self, path: Path) -> Mapping[str, str]:
        """The facts of ``path``; empty if another program wrote it."""
        try:
            found = json.loads(read_source(self._of(path), _LIMIT))
            facts = found["facts"] if found["file"] == _identity(path) else {}
            return {str(name): str(value) for name, value in facts.items()}
        except (UnreadableImage, ValueError, LookupError, TypeError, AttributeError):
            return {}

    def remove(self, part: Path) -> None:
        """Forget the facts of ``part``, which found its name taken."""
        with suppress(OSError):
            self._of(part).unlink(missing_ok=True)

    def keep_only(self, path: Path) -> None:
        """Forget the facts of the files that ``path`` replaced."""
        kept = self._of(path)
        with suppress(OSError):
            for each in self._folder.glob(f"{self._digest}.*"):
                if each != kept:
                    each.unlink(missing_ok=True)

    def _of(self, path: Path) -> Path:
        stamp = stamp_of(path)
        return self._folder / f"{self._digest}.{stamp.inode if stamp else 0}"


def _identity(path: Path) -> list[int]:
    """What renaming does not change."""
    stamp = stamp_of(path)
    return [stamp.inode, stamp.size, stamp.modified] if stamp else []
