"""Results in one zip, written while it is sent: nothing is gathered first."""

import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sr_batch.serve.names import without_duplicates

_CHUNK = 1 << 18


@dataclass(frozen=True)
class Member:
    """A file for a zip: its name there, and where it is."""

    name: str
    path: Path


def zipped(members: Sequence[Member]) -> Iterator[bytes]:
    """The bytes of a zip of ``members``, stored as they are; files that are gone are left out."""
    sink = _Sink()
    names = without_duplicates([member.name for member in members])
    with _Archive(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, member in zip(names, members, strict=True):
            try:
                file = member.path.open("rb")
            except FileNotFoundError:
                continue
            with file, archive.open(_info(name), "w", force_zip64=True) as entry:
                while chunk := file.read(_CHUNK):
                    entry.write(chunk)
                    yield sink.taken()
    yield sink.taken()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, time.localtime()[:6])
    info.external_attr = 0o644 << 16
    return info


class _Archive(zipfile.ZipFile):
    def __del__(self) -> None:
        """Write no end: a download that was given up, perhaps inside a member, has none."""


class _Sink:
    """A file that cannot seek, and gives away what was written to it."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def taken(self) -> bytes:
        """All that was written since the last call."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)
