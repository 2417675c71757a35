"""Names of a run that has too many of them for the memory."""

import os
from collections.abc import Iterable
from pathlib import Path

from sr_batch.batch.collisions import Names
from sr_batch.batch.output_paths import RealPaths
from sr_batch.files.temporary_index import TemporaryIndex


class StoredNames(Names):
    """As `Names`, in a temporary file. For one thread at a time."""

    def __init__(self, real: RealPaths) -> None:
        super().__init__(real)
        self._index = TemporaryIndex()

    def _put(self, folded: str, path: Path, source: Path) -> None:
        self._index.add(os.fsencode(folded), os.fsencode(path), os.fsencode(source))

    def _alike(self, folded: str) -> Iterable[tuple[Path, Path]]:
        return (
            (Path(os.fsdecode(path)), Path(os.fsdecode(source)))
            for path, source in self._index.find(os.fsencode(folded))
        )
