"""Chooses the output folder of an input folder if ``-o`` is not given.

``FOLDER_sr`` belongs to the size and the network that first wrote to it. Outputs of another size or
network go to a folder that is named after both, such as ``FOLDER_x4_edsr``. So they neither replace
finished outputs nor mix with them, even if two runs start at the same time.
"""

import os
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from sr_batch.batch.output_ledger import Ledger
from sr_batch.core.errors import StorageError, UsageError
from sr_batch.files.reading import display_name


class DefaultFolders:
    """The output folders of one run.

    Args:
        tag: Of the size and the network, for the names of folders: ``_x4_edsr``.
        owner: What ``FOLDER_sr`` may belong to: the ``tag`` without what the names of the outputs
            state already. If it is empty, all outputs may share the folder.
        former: The owner of a folder whose outputs are from a version that entered none.
        notify: Told about a folder that belongs to other outputs.
        way_to: Says which options take another network: ``give --model edsr``.
    """

    def __init__(
        self,
        tag: str,
        owner: str,
        former: str,
        notify: Callable[[str], None],
        way_to: Callable[[str], str],
    ) -> None:
        self._tag = tag
        self._owner = owner
        self._former = former
        self._notify = notify
        self._way_to = way_to
        self._folders: dict[Path, Path] = {}
        self.ledgers: dict[Path, Ledger] = {}

    def folder_for(self, tree: Path) -> Path:
        """The output folder of the input folder ``tree``.

        Raises:
            UsageError: ``tree`` is the root of a file system.
        """
        if tree not in self._folders:
            self._folders[tree] = self._chosen(tree)
        return self._folders[tree]

    def claim(self, roots: Collection[Path]) -> bool:
        """Let the folders among ``roots`` belong to this run's outputs.

        Returns:
            False if another run was faster, so that another folder must be chosen.
        """
        with suppress(StorageError):  # the first output meets the same error and reports it
            used = (ledger for root, ledger in self.ledgers.items() if root in roots)
            return all(ledger.claim(self._owner) for ledger in used)
        return True

    def _chosen(self, tree: Path) -> Path:
        usual = _beside(tree, "_sr")
        if not self._owner:
            return usual
        ledger = Ledger(usual, self._notify)
        owner = ledger.owner() or (None if ledger.is_empty() else self._former)
        if owner in (None, self._owner):
            self.ledgers[usual] = ledger
            return usual
        other = _beside(tree, self._tag)
        self._notify(
            f"{display_name(usual)} already holds {_shown(owner)}, so {self._these(owner)} go to"
            f" {display_name(other)}; {self._advice(usual, owner)}"
        )
        return other

    def _advice(self, usual: Path, owner: str) -> str:
        size, model = _parts(owner)
        if model and size == _parts(self._owner)[0]:
            return f"to add to {display_name(usual)}, {self._way_to(model)}"
        return "to choose another folder, give -o"

    def _these(self, owner: str) -> str:
        """The outputs of this run, without the size if it is that of ``owner``."""
        size, model = _parts(self._tag)
        return f"these, by {model}," if size == _parts(owner)[0] else f"the {_shown(self._tag)}"


def _beside(folder: Path, suffix: str) -> Path:
    named = folder if folder.name not in ("", "..") else Path(os.path.realpath(folder))
    if not named.name:
        raise UsageError(f"{named} has no parent folder for the outputs: choose a folder with -o")
    return named.with_name(named.name + suffix)


def _parts(owner: str) -> tuple[str, str]:
    """The size and the network of an owner such as ``_x2_srcnn_deep``; empty if it has none."""
    size, _, model = owner.removeprefix("_").partition("_")
    return size, model


def _shown(owner: str) -> str:
    """``x2 enlargements by edsr``; of an owner without a network, ``x2 enlargements``."""
    size, model = _parts(owner)
    return f"{size} enlargements" + (f" by {model}" if model else "")
