"""The tiles of an interrupted picture, in a file in the output folder, for the next run.

The file is written when a run is stopped, whole or not at all, and is removed when the output is
made. It serves one pass over one content with the same network, options and tiles, and a checksum
guards every tile. So a file that is old, damaged or cut off costs nothing but its tiles.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sr_batch.batch.job import Job, Notify
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.image import Pixels
from sr_batch.files.part_file import create_part, sweep, write_all
from sr_batch.files.reading import content_hash, open_regular, reason
from sr_batch.files.state_db import FOLDER
from sr_batch.upscaling.kept_tiles import Key, Pieces

MOST_BYTES = 2 << 30  # for the files of one output folder together
LONGEST_DAYS = 14

_TILES = "tiles"
_LONGEST_HEAD = 1024
_NUMBER, _CHECKSUM = 8, 16  # bytes
_LEAST_SECONDS = 30.0
_DISK_SPEED = 100e6  # bytes per second of a slow disk

_writing = threading.Lock()  # the files of several pictures share the limit


def is_worth_keeping(seconds: float, size: int) -> bool:
    """Whether tiles that took ``seconds`` to compute are worth a file of ``size`` bytes.

    It must save half a minute, and more than twice the time that the disk takes.
    """
    return seconds >= _LEAST_SECONDS and seconds >= 2 * size / _DISK_SPEED


def sweep_tiles(root: Path) -> None:
    """Remove the files in the output folder ``root`` that are older than two weeks."""
    folder = root / FOLDER / _TILES
    sweep(folder)
    oldest = time.time() - LONGEST_DAYS * 24 * 3600
    for path in _files(folder):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
    _remove_if_empty(folder)


class TileFile:
    """The `TileStore` of one job.

    Args:
        job: Its output is recorded in a folder.
        name: Of the input, for messages.
        threads: That compute tiles at the same time.
        restored: Receives the number of input pixels that need no work.
        notify: Told that tiles are kept, that they are used, or why they are not kept.
    """

    def __init__(
        self, job: Job, name: str, threads: int, restored: Callable[[int], None], notify: Notify
    ) -> None:
        self._folder = job.root / FOLDER / _TILES
        target = os.fsencode(job.target.relative_to(job.root).as_posix())
        self._prefix = f"{content_hash(target)[:32]}-"
        self._name = name
        self._threads = threads
        self._report = restored
        self._notify = notify
        self._restored: Collection[int] = ()
        self._seconds = 0.0  # that the restored tiles took

    def restore(self, key: Key, pieces: Pieces) -> Collection[int]:
        """As `TileStore` says. Nothing is restored from a file that cannot be read."""
        self._restored, self._seconds = (), 0.0
        if not self._own_files():
            return ()
        with suppress(OSError, UnreadableImage, ValueError), open_regular(self._path(key)) as file:
            seconds, count = _read_head(file, key())
            self._restored = set(_fill(file, pieces))
            self._seconds = seconds * len(self._restored) / count
        if self._restored:
            self._say(f"the {self._of(pieces)} tiles that were kept are used")
        return self._restored

    def counted(self, pixels: int) -> None:
        """As `TileStore` says."""
        self._report(pixels)

    def keep(self, key: Key, pieces: Pieces, finished: Collection[int], seconds: float) -> None:
        """As `TileStore` says. If that fails, the user is told why."""
        size = sum(_bytes(pieces[number]) for number in finished)
        took = seconds / self._threads
        if self._restored and took < _LEAST_SECONDS:
            self._say(f"{self._of(pieces)} tiles are still kept")
        elif is_worth_keeping(took + self._seconds, size):
            with _writing:
                self._keep(self._path(key), key(), pieces, sorted(finished), took + self._seconds)

    def remove(self) -> None:
        """Remove what is kept, as the output is made."""
        for path in self._own_files():
            with suppress(OSError):
                path.unlink()
        _remove_if_empty(self._folder)

    def _keep(
        self, path: Path, key: str, pieces: Pieces, finished: Sequence[int], seconds: float
    ) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            kept = list(_that_fit(pieces, finished, _room(self._folder, path)))
            if not kept:
                self._say("its finished tiles are not kept: there is too little space")
                return
            head = f"{key} {seconds * len(kept) / len(finished)} {len(kept)}"
            _write(path, _encoded(head, pieces, kept))
        except OSError as error:
            self._say(f"its finished tiles are not kept: {reason(error)}")
        else:
            self._restored = kept
            self._say(f"{self._of(pieces)} tiles are kept for the next run")

    def _own_files(self) -> list[Path]:
        return [path for path in _files(self._folder) if path.name.startswith(self._prefix)]

    def _path(self, key: Key) -> Path:
        return self._folder / f"{self._prefix}{key()[:32]}"

    def _of(self, pieces: Pieces) -> str:
        return f"{len(self._restored)} of {len(pieces)}"

    def _say(self, text: str) -> None:
        self._notify(f"{self._name}: {text}")


def _files(folder: Path) -> list[Path]:
    """All files with kept tiles in ``folder``."""
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _room(folder: Path, replaced: Path) -> int:
    """Bytes that a file in ``folder`` may take: within the limit, and half of the free space."""
    others = sum(path.stat().st_size for path in _files(folder) if path != replaced)
    return min(MOST_BYTES - others, shutil.disk_usage(folder).free // 2) - _LONGEST_HEAD


def _that_fit(pieces: Pieces, finished: Sequence[int], room: int) -> Iterator[int]:
    for number in finished:
        room -= _bytes(pieces[number]) + _NUMBER + _CHECKSUM
        if room < 0:
            return
        yield number


def _bytes(piece: Sequence[Pixels]) -> int:
    return sum(part.nbytes for part in piece)


def _write(path: Path, data: Iterator[bytes]) -> None:
    """Write the file whole or not at all, for the user alone, since it shows a picture."""
    part, file = create_part(path.parent)
    try:
        with file:
            part.chmod(0o600)
            for block in data:
                write_all(file, block)
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _encoded(head: str, pieces: Pieces, kept: Sequence[int]) -> Iterator[bytes]:
    """A line of text, then each tile: its number, its checksum, and its pixels."""
    yield f"{head}\n".encode()
    for number in kept:
        data = b"".join(part.tobytes() for part in pieces[number])
        yield number.to_bytes(_NUMBER) + _checksum(number, data)
        yield data


def _read_head(file: BinaryIO, key: str) -> tuple[float, int]:
    """Seconds and number of the tiles. Raises ValueError if they are not those of ``key``."""
    found, seconds, count = file.readline(_LONGEST_HEAD).decode().split()
    if found != key:
        raise ValueError(found)
    return max(0.0, float(seconds)), max(1, int(count))


def _fill(file: BinaryIO, pieces: Pieces) -> Iterator[int]:
    """Fill in the tiles whose checksums are right. Returns their numbers."""
    while len(start := file.read(_NUMBER + _CHECKSUM)) == _NUMBER + _CHECKSUM:
        number = int.from_bytes(start[:_NUMBER])
        if number >= len(pieces):
            return
        data = file.read(_bytes(pieces[number]))
        if _checksum(number, data) == start[_NUMBER:]:
            _copy(data, pieces[number])
            yield number


def _copy(data: bytes, piece: Sequence[Pixels]) -> None:
    offset = 0
    for part in piece:
        part[...] = np.frombuffer(data, part.dtype, part.size, offset).reshape(part.shape)
        offset += part.nbytes


def _checksum(number: int, data: bytes) -> bytes:
    return blake2b(number.to_bytes(_NUMBER) + data, digest_size=_CHECKSUM).digest()
