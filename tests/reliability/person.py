"""A person who works in the folders of a watch, by chance, and who knows what must not be lost."""

import ctypes
import errno
import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.reliability.coded import FORMATS, encoded, number_in
from tests.reliability.quick_watch import YOUNG

_C = ctypes.CDLL(None, use_errno=True)
_HERE = -100  # AT_FDCWD
_NO_REPLACE, _EXCHANGE = 1, 2
FOLDERS = ("", "a", "b/c")
PAUSE = 1.0  # seconds that a slow writer pauses at most: longer than --settle


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


@dataclass
class Picture:
    """A content that lay in the watched folder.

    Attributes:
        number: What the pixels say; every content has its own.
        data: The bytes of the file.
        good: Whether it can be enlarged.
        names: The paths in the watched folder that it had.
    """

    number: int
    data: bytes
    good: bool
    names: set[str] = field(default_factory=set)


class Person:
    """Works in ``in`` and ``out`` below ``folder``, and never destroys anything without noting it.

    Attributes:
        pictures: Every content that was put into ``in`` whole, by its digest.
        sidecars: Every sidecar that was put there: the word that is in it, by its digest.
        overwritten: Digests of what the person itself replaced.
        made: Numbers of the outputs that the person found whole, and took away or changed.
        mine: The files of the person in ``out``.
        emptied: The outputs that the person made empty.
        pace: How much slower than usual the watch is.
        faults: What the person saw that must not be.
        events: How often each thing was done.
    """

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self.chance = chance
        self.pace = 1.0
        self.pictures: dict[str, Picture] = {}
        self.sidecars: dict[str, str] = {}
        self.overwritten: set[str] = set()
        self._sidecars_at: defaultdict[Path, set[str]] = defaultdict(set)
        self.made: set[int] = set()
        self.mine: dict[Path, bytes] = {}
        self.emptied: set[Path] = set()
        self.faults: list[str] = []
        self.events: Counter[str] = Counter()
        self._in, self._out, self._aside = (folder / name for name in ("in", "out", "aside"))
        self._names: list[Path] = []
        self._writing: set[Path] = set()
        self._later: list[tuple[float, Callable[[], object]]] = []
        self._count = 0
        self.lock = threading.Lock()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()
        for place in (self._in, self._out, self._aside):
            place.mkdir(parents=True, exist_ok=True)

    def act(self, seconds: float) -> None:
        """Do things for some time. On a slow machine it is longer, and all takes its time."""
        end = time.monotonic() + seconds * self.pace
        while time.monotonic() < end:
            with self.lock:
                self._act()
            time.sleep(self.chance.uniform(0, 0.1) * self.pace)

    def finish(self) -> None:
        """End all that was begun, and stop."""
        while self._later:
            time.sleep(0.05)
        self._finished.set()
        self._thread.join()

    def _act(self) -> None:
        acts = {
            self._bring: 4,
            self._bring_again: 3,
            self._bring_the_same_again: 2,
            self._rewrite_at_work: 3,
            self._write_slowly: 2,
            self._preallocate: 1,
            self._bring_broken: 1,
            self._edit_in_place: 2,
            self._touch: 1,
            self._rename: 1,
            self._bring_tree: 1,
            self._take_tree: 1,
            self._edit_output: 2,
            self._take_output: 1,
            self._empty_output: 0.5,
            self._put_into_out: 0.3,
            self._put_sidecar: 3,
            self._edit_copy: 0.3,
        }
        act = self.chance.choices(list(acts), list(acts.values()))[0]
        if act():
            self.events[act.__name__.strip("_").replace("_", " ")] += 1

    def _go_on(self) -> None:
        """Go on in time with what was begun, whatever the test waits for."""
        while not self._finished.wait(0.05):
            with self.lock:
                due = [each for each in self._later if each[0] <= time.monotonic()]
                for each in due:
                    each[1]()
                    self._later.remove(each)

    def _in_a_while(self, step: Callable[[], object], most: float = PAUSE) -> None:
        self._later.append((time.monotonic() + self.chance.uniform(0.1, most), step))

    # Sources

    def _bring(self) -> bool:
        self._put(self._new_name())
        return True

    def _bring_again(self) -> bool:
        """Another picture under a known name, whether the first is still there or not."""
        return bool((name := self._known_name()) and self._put(name))

    def _bring_the_same_again(self) -> bool:
        """Mostly one of the last ones, and one whose name other pictures had, too."""
        earlier = [each for each in self.pictures.values() if each.names][-40:]
        if not earlier:
            return False
        names = Counter(name for each in earlier for name in each.names)
        shared = [each for each in earlier if any(names[name] > 1 for name in each.names)]
        if shared and self.chance.random() < 0.7:
            earlier = shared
        picture = self.chance.choice(earlier)
        name = self._in / self.chance.choice(sorted(picture.names))
        return self._put(name, picture)

    def _rewrite_at_work(self) -> bool:
        name = self._new_name()
        self._put(name)
        self._in_a_while(lambda: self._edit(name), 1.5 * self.pace)
        return True

    def _bring_broken(self) -> bool:
        name = self._new_name()
        whole = self._picture(name.suffix)
        ways = (b"text", whole.data[: len(whole.data) // 2], bytes(300), self.chance.randbytes(500))
        data = self.chance.choice(ways) + f" {whole.number}".encode()
        self._put(name, Picture(whole.number, data, good=False))
        return True

    def _write_slowly(self) -> bool:
        """In two parts, with a pause in which the file is open or not.

        A machine that is short of time may stretch the pause to more than the watch waits for. Then
        it may take the file for damaged, and the writer begins again.
        """
        name = self._new_name()
        picture = self._picture(name.suffix)
        half = len(picture.data) // self.chance.choice((2, 3, 20))
        return self._begin(name, picture, half, picture.data[:half])

    def _preallocate(self) -> bool:
        """Reserve the space, and write later."""
        name = self._new_name()
        picture = self._picture(name.suffix)
        return self._begin(name, picture, 0, bytes(len(picture.data)))

    def _begin(self, name: Path, picture: Picture, at: int, data: bytes) -> bool:
        name.parent.mkdir(parents=True, exist_ok=True)
        file = name.open("xb", buffering=0)
        file.write(data)
        stays_open = self.chance.random() < 0.5
        if not stays_open:
            file.close()
        self._writing.add(name)
        begin = time.monotonic()

        def finish() -> None:
            try:
                rest = file if stays_open else name.open("r+b", buffering=0)
            except FileNotFoundError:
                self._writing.discard(name)
                if (pause := time.monotonic() - begin) < YOUNG:
                    self.faults.append(f"{name} was taken from under its writer in {pause:.1f} s")
                self._put(name, picture)
                return
            with rest:
                rest.seek(at)
                self._knows(name, picture)
                rest.write(picture.data[at:])
            self._writing.discard(name)

        self._in_a_while(finish)
        return True

    def _edit_in_place(self) -> bool:
        return bool((name := self._present_picture()) and self._edit(name))

    def _edit(self, name: Path) -> bool:
        """Write another picture into the same file."""
        picture = self._picture(name.suffix)
        try:
            with name.open("r+b", buffering=0) as file:
                old = digest(file.read())
                if old not in self.pictures:
                    return False
                self.overwritten.add(old)
                self._knows(name, picture)
                file.seek(0)
                file.truncate()
                file.write(picture.data)
        except FileNotFoundError:
            return False
        return True

    def _touch(self) -> bool:
        if not (name := self._present_picture()):
            return False
        try:
            os.utime(name)
        except FileNotFoundError:
            return False
        return True

    def _rename(self) -> bool:
        if not (name := self._present_picture()):
            return False
        target = self._new_name().with_suffix(name.suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not _renamed(name, target, _NO_REPLACE):
            return False
        if picture := self.pictures.get(digest(_read(target) or b"")):
            self._knows(target, picture)
        return True

    def _bring_tree(self) -> bool:
        """A folder with pictures and sidecars, perhaps one that was taken away before."""
        trees = [each for each in self._aside.glob("tree*") if each.is_dir()]
        if trees and self.chance.random() < 0.5:
            tree = self.chance.choice(sorted(trees))
        else:
            tree = self._aside / f"tree{self._next()}"
            for _ in range(self.chance.randint(1, 4)):
                place = tree / self.chance.choice(("", "deep")) / self._new_name().name
                place.parent.mkdir(parents=True, exist_ok=True)
                new = self._picture(place.suffix)
                place.write_bytes(new.data)
                self.pictures[digest(new.data)] = new
                if self.chance.random() < 0.3:
                    place.with_suffix(".xmp").write_bytes(self._sidecar())
        name = self._in / self.chance.choice((tree.name, f"tree{self._next()}"))
        if not _renamed(tree, name, _NO_REPLACE):
            return False
        for path in name.rglob("*"):
            data = _read(path)
            if path.suffix in FORMATS and data is not None:
                self._names.append(path)
                if picture := self.pictures.get(digest(data)):
                    self._knows(path, picture)
            elif path.suffix == ".xmp" and data is not None:
                self._sidecars_at[path].add(digest(data))
        return True

    def _take_tree(self) -> bool:
        trees = [each for each in sorted(self._in.iterdir()) if each.is_dir()]
        busy = {parent for name in self._writing for parent in name.parents}
        trees = [each for each in trees if each not in busy]
        if not trees:
            return False
        target = self._aside / f"tree{self._next()}"
        return _renamed(self.chance.choice(trees), target, _NO_REPLACE)

    # Sidecars

    def _put_sidecar(self) -> bool:
        """For a picture that is there or was, or that comes now; or instead of an earlier one."""
        name = self._known_name()
        if name is None:
            return False
        suffix = self.chance.choice((".xmp", f"{name.suffix}.xmp"))
        place, data, copied = name.with_suffix(suffix), self._sidecar(), self._copied()
        if not self._place(self._temporary(data), place):
            return False
        # Once --after has deleted an earlier one, the new one replaces its copy.
        self.overwritten |= self._sidecars_at[place] & (copied | self._copied())
        self._sidecars_at[place].add(digest(data))
        return True

    def _copied(self) -> set[str]:
        """The sidecars of which there is a copy in ``out``, by their digests."""
        copies = [_read(path) or b"" for path in self._out.rglob("*.xmp")]
        return {
            key
            for key, word in self.sidecars.items()
            if any(word.encode() in copy for copy in copies)
        }

    def _sidecar(self) -> bytes:
        word = f"word-{self._next()}-"
        data = (
            f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-'
            f'rdf-syntax-ns#"><rdf:Description tiff:ImageWidth="1" title="{word}"/></rdf:RDF>'
            "</x:xmpmeta>"
        ).encode()
        self.sidecars[digest(data)] = word
        return data

    # Outputs

    def _edit_output(self) -> bool:
        """Rate it or retouch it: by a new file of its name, or in place. Then often its source."""
        if not (name := self._output(tuple(FORMATS))) or not self._change(name):
            return False
        if self.chance.random() < 0.5:
            source = self._in / name.relative_to(self._out)
            self._in_a_while(lambda: source in self._writing or self._edit(source))
        return True

    def _edit_copy(self) -> bool:
        return bool((name := self._output((".xmp",))) and self._change(name))

    def _change(self, name: Path) -> bool:
        edit = f" rated {self._next()}".encode()
        try:
            with name.open("r+b", buffering=0) as file:
                data = file.read()
                self._saw(name, data)
                if not data:
                    return False
                if self.chance.random() < 0.5:
                    return self._save(name, data + edit)
                file.write(edit)
                if name.stat().st_ino != os.fstat(file.fileno()).st_ino:
                    return False  # it was made again after it was opened
                self.mine[name] = data + edit
        except FileNotFoundError:
            return False
        return True

    def _save(self, name: Path, data: bytes) -> bool:
        """Replace a file in ``out`` at once, and look at what was there."""
        temporary = self._temporary(data)
        if not _renamed(temporary, name, _EXCHANGE):
            return False
        self._saw(name, _read(temporary) or b"")
        self.mine[name] = data
        return True

    def _take_output(self) -> bool:
        if not (name := self._output(tuple(FORMATS))):
            return False
        target = self._temporary(b"")
        try:
            name.rename(target)
        except FileNotFoundError:
            return False
        self._saw(name, target.read_bytes())
        self.mine.pop(name, None)
        return True

    def _empty_output(self) -> bool:
        if not (name := self._output(tuple(FORMATS))):
            return False
        try:
            with name.open("r+b", buffering=0) as file:
                self._saw(name, file.read())
                file.truncate(0)
        except FileNotFoundError:
            return False
        self.mine.pop(name, None)
        self.emptied.add(name)
        return True

    def _put_into_out(self) -> bool:
        """A file of the person's own that may have the name of an output to come."""
        name = self._out / self._new_name(remember=False).relative_to(self._in)
        if known := self._known_name():
            free = known.with_stem(f"{known.stem}{self.chance.choice(('', '_2', '_3'))}")
            name = self._out / free.relative_to(self._in)
        data = f"mine {self._next()}".encode()
        name.parent.mkdir(parents=True, exist_ok=True)
        if not _renamed(self._temporary(data), name, _NO_REPLACE):
            return False
        self.mine[name] = data
        return True

    def _saw(self, name: Path, data: bytes) -> None:
        """Note which output this is, and that it is whole."""
        if not data or name.suffix not in FORMATS or self.mine.get(name) == data:
            return
        if (number := number_in(data)) is None:
            self.faults.append(f"{name} was seen and is not whole")
        else:
            self.made.add(number)

    def _output(self, suffixes: tuple[str, ...]) -> Path | None:
        found = [
            path
            for path in self._out.rglob("*")
            if path.suffix in suffixes and not path.name.startswith(".")
        ]
        return self.chance.choice(sorted(found)) if found else None

    # Names and files

    def _put(self, name: Path, picture: Picture | None = None) -> bool:
        """Put a whole file there at once. What was there is then with the person."""
        picture = picture or self._picture(name.suffix)
        temporary = self._temporary(picture.data)
        if self.chance.random() < 0.3:
            os.utime(temporary, (10**9, 10**9))  # a camera's clock
        self._knows(name, picture)
        return self._place(temporary, name)

    def _place(self, temporary: Path, name: Path) -> bool:
        name.parent.mkdir(parents=True, exist_ok=True)
        while name not in self._writing:
            if _renamed(temporary, name, _NO_REPLACE) or _renamed(temporary, name, _EXCHANGE):
                return True
            if not name.parent.is_dir():
                break
        return False

    def _picture(self, suffix: str) -> Picture:
        number = self._next()
        return Picture(number, encoded(number, suffix), good=True)

    def _knows(self, name: Path, picture: Picture) -> None:
        picture.names.add(str(name.relative_to(self._in)))
        self.pictures[digest(picture.data)] = picture

    def _new_name(self, remember: bool = True) -> Path:
        suffix = self.chance.choice(sorted(FORMATS))
        name = self._in / self.chance.choice(FOLDERS) / f"p{self._next()}{suffix}"
        if remember:
            self._names.append(name)
        return name

    def _known_name(self) -> Path | None:
        """Mostly one of the last ones, so that much happens to the same files."""
        names = self._names[-15:] if self.chance.random() < 0.7 else self._names
        names = [name for name in names if name not in self._writing]
        return self.chance.choice(names) if names else None

    def _present_picture(self) -> Path | None:
        found = [
            path
            for path in self._in.rglob("*")
            if path.suffix in FORMATS and path not in self._writing
        ]
        return self.chance.choice(sorted(found)) if found else None

    def _temporary(self, data: bytes) -> Path:
        path = self._aside / f"file{self._next()}"
        path.write_bytes(data)
        return path

    def _next(self) -> int:
        self._count += 1
        return self._count


def _renamed(source: Path, target: Path, how: int) -> bool:
    """Rename without replacing, or exchange the two. False if one exists or does not."""
    names = os.fsencode(source), os.fsencode(target)
    if _C.renameat2(_HERE, names[0], _HERE, names[1], how) == 0:
        return True
    code = ctypes.get_errno()
    if code not in (errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EINVAL):
        raise OSError(code, os.strerror(code), str(target))
    return False


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
