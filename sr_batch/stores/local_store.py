"""A folder as a store: whole files by part file, fsync and rename, stamps as versions.

A listing leaves out hidden files and folders, unless ``prefix`` names them, and does not follow
links to folders, as on the command line. The names of one folder are in memory at once.
"""

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sr_batch.core.errors import ImageError, UnreadableImage, UnwritableOutput, UsageError
from sr_batch.files.disk_errors import disk_errors
from sr_batch.files.part_file import PartFile, part_file
from sr_batch.files.reading import display_name, read_source, reason, stamp_of
from sr_batch.files.windows_names import is_reserved
from sr_batch.stores.facts_file import FactsFile
from sr_batch.stores.location import Place
from sr_batch.stores.store import MODIFIED, Changed, Head, Item, Taken

if sys.platform != "win32":
    import fcntl

_ON_WINDOWS = sys.platform == "win32"


class LocalStore:
    """A folder. Facts of outputs are in files below ``.sr-batch/facts`` in it."""

    def __init__(self, place: Place) -> None:
        self._root = place.folder
        self._replacing = threading.Lock()

    @property
    def url(self) -> str:
        return str(self._root)

    def list(self, prefix: str = "") -> Iterator[Item]:
        """All files whose key begins with ``prefix``, in the order of their keys.

        A folder that cannot be read is an item whose key ends with a slash; reading it says why.

        Raises:
            UsageError: the folder that ``prefix`` begins with cannot be read.
        """
        top, _, name = prefix.rpartition("/")
        try:
            levels = [iter(_entries(self._root, top, name))]
        except OSError as error:
            raise UsageError(_unreadable(self._root / top, error)) from error
        while levels:
            key = next(levels[-1], None)
            if key is None:
                levels.pop()
            elif key.endswith("/"):
                try:
                    levels.append(iter(_entries(self._root, key[:-1])))
                except OSError:
                    yield Item(key, 0, "", 0.0)
            else:
                yield self._item(key)

    def head(self, key: str) -> Head | None:
        path = self._path(key, UnreadableImage)
        if stamp_of(path) is None:
            return None
        return Head(self._item(key), FactsFile(self._root, key).read(path))

    def read(self, key: str, version: str | None, limit: int) -> bytes:
        if key.endswith("/"):
            self._refuse_folder(key)
        path = self._path(key, UnreadableImage)
        self._require(path, version)
        data = read_source(path, limit)
        self._require(path, version)
        return data

    def publish(
        self,
        key: str,
        data: bytes,
        expect: str | None,
        facts: Mapping[str, str],
        content_type: str,
    ) -> str:
        """Store ``data`` as a file, whole or not at all; see `Store.publish`.

        Of several processes that create one key, one wins: a hard link takes a name only if it is
        free. Where a file system has no hard links, an empty file takes the name first. A
        replacement holds a lock of the file that it replaces.
        """
        target = self._path(key, UnwritableOutput)
        record = FactsFile(self._root, key)
        with part_file(target, len(data)) as part, disk_errors(target, len(data)):
            part.write(data)
            _set_time(part.path, facts.get(MODIFIED))
            part.sync()
            record.write(part.path, facts)
            try:
                if expect is None:
                    _create(part, target)
                else:
                    self._replace(part, target, expect, record)
            except Taken:
                record.remove(part.path)
                raise
        return str(stamp_of(target) or "")

    def _replace(self, part: PartFile, target: Path, expect: str, record: FactsFile) -> None:
        with self._replacing, _locked(target):
            if str(stamp_of(target)) != expect:
                raise _taken(target)
            part.take_name()
            record.keep_only(target)

    def _require(self, path: Path, version: str | None) -> None:
        if version is not None and str(stamp_of(path) or "") != version:
            raise Changed(f"{display_name(path)}: it changed after it was listed")

    def _item(self, key: str) -> Item:
        """What is not a regular file, such as a broken link, has no version; reading says why."""
        stamp = stamp_of(self._root / key)
        if stamp is None:
            return Item(key, 0, "", 0.0)
        return Item(key, stamp.size, str(stamp), stamp.modified / 1e9)

    def _path(self, key: str, refusal: type[ImageError]) -> Path:
        path = self._root / key
        bad = "\0" in key or any(part in ("", ".", "..") for part in key.split("/"))
        if bad or (_ON_WINDOWS and _is_refused_by_windows(key)):
            raise refusal(f"{display_name(path)}: no file can have this name")
        return path

    def _refuse_folder(self, key: str) -> None:
        folder = self._root / key
        try:
            os.scandir(folder).close()
        except OSError as error:
            raise UnreadableImage(_unreadable(folder, error)) from error
        raise UnreadableImage(f"{display_name(folder)}: a folder, not a file")


def _is_refused_by_windows(key: str) -> bool:
    return any(char in key for char in '\\:*?"<>|') or any(map(is_reserved, key.split("/")))


def _entries(root: Path, folder: str, beginning: str = "") -> list[str]:
    """The keys in ``folder``, those of folders with a slash at their end, in order."""
    base = f"{folder}/" if folder else ""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(root / folder) as it:
        return sorted(
            f"{base}{entry.name}{'/' if entry.is_dir() else ''}"
            for entry in it
            if entry.name.startswith(beginning)
            and (beginning.startswith(".") or not entry.name.startswith("."))
            and not (entry.is_symlink() and entry.is_dir())
        )
    return []


def _unreadable(folder: Path, error: OSError) -> str:
    return f"{display_name(folder)}: the folder cannot be read: {reason(error)}"


def _taken(target: Path) -> Taken:
    return Taken(f"{display_name(target)}: another file has this name, and is kept")


def _create(part: PartFile, target: Path) -> None:
    """Give ``part`` the name ``target``, if it is free."""
    try:
        os.link(part.path, target)
    except FileExistsError as error:
        raise _taken(target) from error
    except OSError:
        _claim(target)  # raises as os.link did, unless only links are impossible here
        part.take_name()


def _set_time(path: Path, seconds: str | None) -> None:
    with suppress(ValueError, OverflowError):
        if seconds is not None:
            os.utime(path, (float(seconds), float(seconds)))


def _claim(target: Path) -> None:
    try:
        target.open("xb").close()
    except FileExistsError as error:
        raise _taken(target) from error


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """No other process replaces ``target`` meanwhile. It may not exist."""
    if sys.platform == "win32" or stamp_of(target) is None:
        yield
        return
    with target.open("rb") as file:
        with suppress(OSError):  # not every network file system has locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
