"""What a person does in the output folder. Each act says whether it was possible."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.coded import FORMATS
from tests.reliability.folders import Folders
from tests.reliability.later import Later
from tests.reliability.moving_files import EXCHANGE, NO_REPLACE, read, renamed


@dataclass(frozen=True)
class OutputActs:
    """Changes, takes and empties outputs, and puts files of its own beside them.

    Attributes:
        folders: Where the person works.
        later: Takes the second step of an act.
    """

    folders: Folders
    later: Later

    def edit_output(self) -> bool:
        """Rate it or retouch it: by a new file of its name, or in place. Then often its source."""
        folders = self.folders
        if not (name := self._output(tuple(FORMATS))) or not self._change(name):
            return False
        if folders.chance.random() < 0.5:
            source = folders.watched / name.relative_to(folders.out)
            self.later.add(lambda: source in folders.writing or folders.edit(source))
        return True

    def edit_copy(self) -> bool:
        return bool((name := self._output((".xmp",))) and self._change(name))

    def _change(self, name: Path) -> bool:
        notes = self.folders.notes
        edit = f" rated {self.folders.new_number()}".encode()
        try:
            with name.open("r+b", buffering=0) as file:
                data = file.read()
                notes.saw(name, data)
                if not data:
                    return False
                if self.folders.chance.random() < 0.5:
                    return self._save(name, data + edit)
                file.write(edit)
                if name.stat().st_ino != os.fstat(file.fileno()).st_ino:
                    return False  # it was made again after it was opened
                notes.mine[name] = data + edit
        except FileNotFoundError:
            return False
        return True

    def _save(self, name: Path, data: bytes) -> bool:
        """Replace a file in ``out`` at once, and look at what was there."""
        temporary = self.folders.temporary(data)
        if not renamed(temporary, name, EXCHANGE):
            return False
        self.folders.notes.saw(name, read(temporary) or b"")
        self.folders.notes.mine[name] = data
        return True

    def take_output(self) -> bool:
        if not (name := self._output(tuple(FORMATS))):
            return False
        target = self.folders.temporary(b"")
        try:
            name.rename(target)
        except FileNotFoundError:
            return False
        self.folders.notes.saw(name, target.read_bytes())
        self.folders.notes.mine.pop(name, None)
        return True

    def empty_output(self) -> bool:
        if not (name := self._output(tuple(FORMATS))):
            return False
        try:
            with name.open("r+b", buffering=0) as file:
                self.folders.notes.saw(name, file.read())
                file.truncate(0)
        except FileNotFoundError:
            return False
        self.folders.notes.mine.pop(name, None)
        self.folders.notes.emptied.add(name)
        return True

    def put_into_out(self) -> bool:
        """A file of the person's own that may have the name of an output to come."""
        folders = self.folders
        name = folders.new_name(remember=False)
        if known := folders.known_name():
            name = known.with_stem(f"{known.stem}{folders.chance.choice(('', '_2', '_3'))}")
        name = folders.out / name.relative_to(folders.watched)
        data = f"mine {folders.new_number()}".encode()
        name.parent.mkdir(parents=True, exist_ok=True)
        if not renamed(folders.temporary(data), name, NO_REPLACE):
            return False
        folders.notes.mine[name] = data
        return True

    def _output(self, suffixes: tuple[str, ...]) -> Path | None:
        found = [
            path
            for path in self.folders.out.rglob("*")
            if path.suffix in suffixes and not path.name.startswith(".")
        ]
        return self.folders.chance.choice(sorted(found)) if found else None
