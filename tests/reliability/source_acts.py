"""What a person does with pictures in the watched folder. Each act says whether it was possible."""

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.coded import FORMATS
from tests.reliability.folders import Folders
from tests.reliability.later import Later
from tests.reliability.moving_files import NO_REPLACE, read, renamed
from tests.reliability.notes import Picture, digest
from tests.reliability.quick_watch import YOUNG


@dataclass(frozen=True)
class SourceActs:
    """Brings pictures, alone and in folders, whole and in parts; changes, renames and takes them.

    Attributes:
        folders: Where the person works.
        later: Takes the second step of an act.
    """

    folders: Folders
    later: Later

    def bring(self) -> bool:
        self.folders.put(self.folders.new_name())
        return True

    def bring_again(self) -> bool:
        """Another picture under a known name, whether the first is still there or not."""
        return bool((name := self.folders.known_name()) and self.folders.put(name))

    def bring_the_same_again(self) -> bool:
        """Mostly one of the last ones, and one whose name other pictures had, too."""
        chance = self.folders.chance
        earlier = [each for each in self.folders.notes.pictures.values() if each.names][-40:]
        if not earlier:
            return False
        names = Counter(name for each in earlier for name in each.names)
        shared = [each for each in earlier if any(names[name] > 1 for name in each.names)]
        if shared and chance.random() < 0.7:
            earlier = shared
        picture = chance.choice(earlier)
        name = self.folders.watched / chance.choice(sorted(picture.names))
        return self.folders.put(name, picture)

    def rewrite_at_work(self) -> bool:
        name = self.folders.new_name()
        self.folders.put(name)
        self.later.add(lambda: self.folders.edit(name), 1.5 * self.later.pace)
        return True

    def bring_broken(self) -> bool:
        chance, name = self.folders.chance, self.folders.new_name()
        whole = self.folders.picture(name.suffix)
        ways = (b"text", whole.data[: len(whole.data) // 2], bytes(300), chance.randbytes(500))
        data = chance.choice(ways) + f" {whole.number}".encode()
        self.folders.put(name, Picture(whole.number, data, good=False))
        return True

    def write_slowly(self) -> bool:
        """In two parts, with a pause in which the file is open or not.

        A machine that is short of time may stretch the pause to more than the watch waits for. Then
        it may take the file for damaged, and the writer begins again.
        """
        name = self.folders.new_name()
        picture = self.folders.picture(name.suffix)
        half = len(picture.data) // self.folders.chance.choice((2, 3, 20))
        return self._begin(name, picture, half, picture.data[:half])

    def preallocate(self) -> bool:
        """Reserve the space, and write later."""
        name = self.folders.new_name()
        picture = self.folders.picture(name.suffix)
        return self._begin(name, picture, 0, bytes(len(picture.data)))

    def _begin(self, name: Path, picture: Picture, at: int, data: bytes) -> bool:
        """Write ``data`` to ``name`` now, and what ``picture`` has from ``at`` on later."""
        name.parent.mkdir(parents=True, exist_ok=True)
        file = name.open("xb", buffering=0)
        file.write(data)
        stays_open = self.folders.chance.random() < 0.5
        if not stays_open:
            file.close()
        self.folders.writing.add(name)
        begin = time.monotonic()

        def finish() -> None:
            try:
                rest = file if stays_open else name.open("r+b", buffering=0)
            except FileNotFoundError:
                self._write_again(name, picture, time.monotonic() - begin)
                return
            with rest:
                rest.seek(at)
                self.folders.note(name, picture)
                rest.write(picture.data[at:])
            self.folders.writing.discard(name)

        self.later.add(finish)
        return True

    def _write_again(self, name: Path, picture: Picture, pause: float) -> None:
        """What a writer does whose file was taken away in a ``pause``, in seconds."""
        self.folders.writing.discard(name)
        if pause < YOUNG:
            self.folders.notes.faults.append(
                f"{name} was taken from under its writer in {pause:.1f} s"
            )
        self.folders.put(name, picture)

    def edit_in_place(self) -> bool:
        return bool((name := self.folders.present_picture()) and self.folders.edit(name))

    def touch(self) -> bool:
        if not (name := self.folders.present_picture()):
            return False
        try:
            os.utime(name)
        except FileNotFoundError:
            return False
        return True

    def rename(self) -> bool:
        if not (name := self.folders.present_picture()):
            return False
        target = self.folders.new_name().with_suffix(name.suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not renamed(name, target, NO_REPLACE):
            return False
        self._note_known(target, read(target) or b"")
        return True

    def bring_tree(self) -> bool:
        """A folder with pictures and sidecars, perhaps one that was taken away before."""
        folders = self.folders
        trees = [each for each in folders.aside.glob("tree*") if each.is_dir()]
        if trees and folders.chance.random() < 0.5:
            tree = folders.chance.choice(sorted(trees))
        else:
            tree = self._new_tree()
        names = (tree.name, f"tree{folders.new_number()}")
        target = folders.watched / folders.chance.choice(names)
        if not renamed(tree, target, NO_REPLACE):
            return False
        self._note_tree(target)
        return True

    def _new_tree(self) -> Path:
        folders = self.folders
        tree = folders.aside / f"tree{folders.new_number()}"
        for _ in range(folders.chance.randint(1, 4)):
            place = tree / folders.chance.choice(("", "deep")) / folders.new_name().name
            place.parent.mkdir(parents=True, exist_ok=True)
            new = folders.picture(place.suffix)
            place.write_bytes(new.data)
            folders.notes.pictures[digest(new.data)] = new
            if folders.chance.random() < 0.3:
                place.with_suffix(".xmp").write_bytes(folders.sidecar())
        return tree

    def _note_tree(self, tree: Path) -> None:
        for path in tree.rglob("*"):
            data = read(path)
            if path.suffix in FORMATS and data is not None:
                self.folders.names.append(path)
                self._note_known(path, data)
            elif path.suffix == ".xmp" and data is not None:
                self.folders.notes.sidecars_at[path].add(digest(data))

    def _note_known(self, path: Path, data: bytes) -> None:
        """Note that ``data`` lies at ``path``, if the person has brought it."""
        if picture := self.folders.notes.pictures.get(digest(data)):
            self.folders.note(path, picture)

    def take_tree(self) -> bool:
        folders = self.folders
        trees = [each for each in sorted(folders.watched.iterdir()) if each.is_dir()]
        busy = {parent for name in folders.writing for parent in name.parents}
        trees = [each for each in trees if each not in busy]
        if not trees:
            return False
        target = folders.aside / f"tree{folders.new_number()}"
        return renamed(folders.chance.choice(trees), target, NO_REPLACE)
