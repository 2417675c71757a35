"""The folders in which a person works: the names in them, and the files that come under these."""

import os
import random
from pathlib import Path

from tests.reliability.coded import FORMATS, encoded
from tests.reliability.moving_files import EXCHANGE, NO_REPLACE, renamed
from tests.reliability.notes import Notes, Picture, digest

_PLACES = ("", "a", "b/c")  # in the watched folder


class Folders:
    """The folders of a watch and the person, in which nothing is destroyed without a note.

    Attributes:
        chance: Decides what the person leaves open.
        notes: What the person put there, changed and saw.
        watched: The input folder of the watch.
        out: Its output folder.
        aside: A folder on the same disk that the watch does not know.
        names: The paths of pictures that the person knows, whether they are there or not.
        writing: The files in ``watched`` that are not written to their end.
    """

    def __init__(self, folder: Path, chance: random.Random, notes: Notes) -> None:
        self.chance = chance
        self.notes = notes
        self.watched, self.out, self.aside = (folder / name for name in ("in", "out", "aside"))
        self.names: list[Path] = []
        self.writing: set[Path] = set()
        self._count = 0
        for place in (self.watched, self.out, self.aside):
            place.mkdir(parents=True, exist_ok=True)

    def put(self, name: Path, picture: Picture | None = None) -> bool:
        """Put a whole file there at once. What was there is then with the person."""
        picture = picture or self.picture(name.suffix)
        temporary = self.temporary(picture.data)
        if self.chance.random() < 0.3:
            os.utime(temporary, (10**9, 10**9))  # a camera's clock
        self.note(name, picture)
        return self.place(temporary, name)

    def place(self, temporary: Path, name: Path) -> bool:
        """Let ``temporary`` take the name, or exchange the two, unless someone is writing there."""
        name.parent.mkdir(parents=True, exist_ok=True)
        while name not in self.writing:
            if renamed(temporary, name, NO_REPLACE) or renamed(temporary, name, EXCHANGE):
                return True
            if not name.parent.is_dir():
                break
        return False

    def edit(self, name: Path) -> bool:
        """Write another picture into the same file."""
        picture = self.picture(name.suffix)
        try:
            with name.open("r+b", buffering=0) as file:
                old = digest(file.read())
                if old not in self.notes.pictures:
                    return False
                self.notes.overwritten.add(old)
                self.note(name, picture)
                file.seek(0)
                file.truncate()
                file.write(picture.data)
        except FileNotFoundError:
            return False
        return True

    def note(self, name: Path, picture: Picture) -> None:
        """Note that ``picture`` lies at ``name`` in the watched folder."""
        self.notes.put(picture, name.relative_to(self.watched))

    def picture(self, suffix: str) -> Picture:
        """A new picture in the format of ``suffix``."""
        number = self.new_number()
        return Picture(number, encoded(number, suffix), good=True)

    def sidecar(self) -> bytes:
        """A new sidecar, which is noted."""
        word = f"word-{self.new_number()}-"
        data = (
            f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-'
            f'rdf-syntax-ns#"><rdf:Description tiff:ImageWidth="1" title="{word}"/></rdf:RDF>'
            "</x:xmpmeta>"
        ).encode()
        self.notes.sidecars[digest(data)] = word
        return data

    def new_name(self, remember: bool = True) -> Path:
        """A path for a picture in the watched folder that none has had."""
        suffix = self.chance.choice(sorted(FORMATS))
        name = self.watched / self.chance.choice(_PLACES) / f"p{self.new_number()}{suffix}"
        if remember:
            self.names.append(name)
        return name

    def known_name(self) -> Path | None:
        """Mostly one of the last ones, so that much happens to the same files."""
        names = self.names[-15:] if self.chance.random() < 0.7 else self.names
        names = [name for name in names if name not in self.writing]
        return self.chance.choice(names) if names else None

    def present_picture(self) -> Path | None:
        """A picture that is in the watched folder now, written to its end."""
        found = [
            path
            for path in self.watched.rglob("*")
            if path.suffix in FORMATS and path not in self.writing
        ]
        return self.chance.choice(sorted(found)) if found else None

    def temporary(self, data: bytes) -> Path:
        """A new file with ``data`` in ``aside``."""
        path = self.aside / f"file{self.new_number()}"
        path.write_bytes(data)
        return path

    def new_number(self) -> int:
        """A number that nothing else has."""
        self._count += 1
        return self._count
