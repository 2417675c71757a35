"""Which inputs are outputs of earlier runs, by the ledgers of their folders and those above."""

import os
from collections.abc import Callable, Collection
from pathlib import Path

from sr_batch.batch.output_ledger import Ledger
from sr_batch.files.state_db import FOLDER

_MOST_ROOTS = 10_000  # that are remembered


class RecordedOutputs:
    """Looks up outputs in the ledgers of all folders that could have one for them.

    Args:
        notify: Told about a ledger that cannot be read.
    """

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._ledgers: dict[Path, Ledger | None] = {}

    def among(self, paths: Collection[Path]) -> set[Path]:
        """Those of ``paths`` that were recorded as outputs; all are real paths."""
        below: dict[Path, list[Path]] = {}
        for path in paths:
            below.setdefault(path.parent, []).append(path)
        roots: dict[Path, list[Path]] = {}
        for folder, inside in below.items():
            for root in (folder, *folder.parents):
                if self._ledger(root):
                    roots.setdefault(root, []).extend(inside)
        return {path for root in sorted(roots) for path in self._known(root, roots[root])}

    def _known(self, root: Path, inside: Collection[Path]) -> set[Path]:
        ledger = self._ledger(root)
        return ledger.known(inside) if ledger else set()

    def _ledger(self, root: Path) -> Ledger | None:
        """The ledger of ``root``, if that has one."""
        if root not in self._ledgers:
            if len(self._ledgers) >= _MOST_ROOTS:
                self._ledgers.clear()
            has_one = os.path.lexists(root / FOLDER)
            self._ledgers[root] = Ledger(root, self._notify) if has_one else None
        return self._ledgers[root]
