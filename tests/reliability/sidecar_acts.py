"""What a person does with sidecars. Each act says whether it was possible."""

from dataclasses import dataclass

from tests.reliability.folders import Folders
from tests.reliability.moving_files import read
from tests.reliability.notes import digest


@dataclass(frozen=True)
class SidecarActs:
    """Puts sidecars into the watched folder.

    Attributes:
        folders: Where the person works.
    """

    folders: Folders

    def put_sidecar(self) -> bool:
        """For a picture that is there or was, or that comes now; or instead of an earlier one."""
        folders, notes = self.folders, self.folders.notes
        name = folders.known_name()
        if name is None:
            return False
        suffix = folders.chance.choice((".xmp", f"{name.suffix}.xmp"))
        place, data, copied = name.with_suffix(suffix), folders.sidecar(), self._copied()
        if not folders.place(folders.temporary(data), place):
            return False
        # Once --after has deleted an earlier one, the new one replaces its copy.
        notes.overwritten |= notes.sidecars_at[place] & (copied | self._copied())
        notes.sidecars_at[place].add(digest(data))
        return True

    def _copied(self) -> set[str]:
        """The sidecars of which there is a copy in ``out``, by their digests."""
        copies = [read(path) or b"" for path in self.folders.out.rglob("*.xmp")]
        return {
            key
            for key, word in self.folders.notes.sidecars.items()
            if any(word.encode() in copy for copy in copies)
        }
