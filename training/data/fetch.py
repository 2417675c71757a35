"""Downloads public sets of pictures, checks them, and puts them where training finds them."""

import hashlib
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO

from tqdm import tqdm

from sr_batch.codec import format_of_suffix
from sr_batch.core.errors import UsageError
from training.data.public_sets import SETS, Archive, PublicSet

DOWNLOADS = "downloads"  # below the data folder; archives may be put there by hand
_CHUNK = 1 << 20
_TIMEOUT = 30  # seconds without an answer


def fetch(name: str, data: Path) -> Iterator[str]:
    """Put the set ``name`` below ``data``, and yield lines that say what was done.

    Raises:
        UsageError: there is no such set, an archive cannot be downloaded, or a checksum is wrong.
    """
    if name not in SETS:
        raise UsageError(f"{name}: not a set that can be fetched; those are {', '.join(SETS)}")
    wanted = SETS[name]
    place = data / wanted.place
    yield f"{name}: licence: {wanted.licence}"
    if place.exists():
        yield f"{name}: {_count(place)} of {wanted.count} pictures are in {place} already"
        return
    archives = dict.fromkeys(archive for _, archive in wanted.parts.values())
    for archive in archives:
        yield f"{name}: {_obtain(name, archive, data / DOWNLOADS, place)}"
    fresh = place.with_name(f".{place.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    _unpack(wanted, data / DOWNLOADS, fresh)
    _require_whole(name, wanted, fresh)
    fresh.replace(place)
    yield f"{name}: {_count(place)} pictures in {place}"


def content_of(folder: Path) -> str:
    """SHA-256 of the sorted SHA-256 of all files in ``folder`` and below, in hexadecimal digits."""
    digests = sorted(hashlib.sha256(path.read_bytes()).digest() for path in _files(folder))
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _obtain(name: str, archive: Archive, downloads: Path, place: Path) -> Path:
    """The path of ``archive``, downloaded if it is not there, and checked."""
    path = downloads / archive.name
    if not path.exists():
        downloads.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        try:
            _download(archive.url, part)
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise UsageError(
                f"{name}: {archive.url} cannot be downloaded ({reason}). Download it on another"
                f" machine, put the file into {downloads}, and run the same command again; or put"
                f" the pictures themselves into {place}"
            ) from error
        part.replace(path)
    _require_checksum(archive, path)
    return path


def _download(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, path.open("wb") as file:
        total = int(answer.headers.get("Content-Length") or 0)
        with tqdm(total=total or None, unit="B", unit_scale=True, disable=None) as bar:
            while chunk := answer.read(_CHUNK):
                bar.update(file.write(chunk))


def _require_checksum(archive: Archive, path: Path) -> None:
    if not archive.kind:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, archive.kind).hexdigest()
    if found != archive.checksum:
        raise UsageError(
            f"{path}: its {archive.kind.upper()} is {found}, and that of the right file"
            f" {archive.checksum}; remove it, and run the same command again"
        )


def _unpack(wanted: PublicSet, downloads: Path, fresh: Path) -> None:
    """Write the pictures of ``wanted`` below ``fresh``, without the folders of the archives."""
    for inside, (below, archive) in wanted.parts.items():
        folder = fresh / below
        folder.mkdir(parents=True, exist_ok=True)
        for member, file in _members(downloads / archive.name):
            is_picture = format_of_suffix(Path(member.name)) and not member.name.startswith(".")
            if is_picture and member.parent == PurePosixPath(inside):
                with closing(file), (folder / member.name).open("wb") as made:
                    shutil.copyfileobj(file, made)


def _members(path: Path) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    """The files of a zip or tar archive, each to be read before the next.

    Raises:
        UsageError: it is neither, or damaged.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as zipped:
                for entry in zipped.infolist():
                    yield PurePosixPath(entry.filename), zipped.open(entry)
            return
        with tarfile.open(path) as tar:
            for member in tar:
                if file := tar.extractfile(member):
                    yield PurePosixPath(member.name), file
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise UsageError(f"{path}: damaged ({error}); remove it and fetch it again") from error


def _require_whole(name: str, wanted: PublicSet, folder: Path) -> None:
    found = _count(folder)
    if found != wanted.count:
        raise UsageError(f"{name}: the archive has {found} pictures instead of {wanted.count}")
    if wanted.content and content_of(folder) != wanted.content:
        raise UsageError(f"{name}: the archive has other pictures than the set")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _count(folder: Path) -> int:
    return len(_files(folder))
