"""The file that a user wants to add, before it is known what it is."""

from hashlib import sha256
from pathlib import Path

from sr_batch.core.errors import ImportRefused
from sr_batch.files.reading import display_name

# No network of pictures is as large, and no step has more memory.
MOST_BYTES = 4 << 30
_CHUNK = 1 << 20


def content_of(source: Path) -> str:
    """The SHA-256 of a regular file, and of the weights beside it that belong to it.

    Raises:
        ImportRefused: it is larger than any network.
        OSError: it cannot be read.
    """
    parts = [source]
    if source.suffix in (".param", ".bin"):
        other = source.with_suffix(".bin" if source.suffix == ".param" else ".param")
        if other.is_file():
            parts = sorted((source, other))
    digest = sha256()
    for path in parts:
        _require_size(path)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _require_size(path: Path) -> None:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ImportRefused(
            f"{display_name(path)}: it has {size >> 30} GiB, and {MOST_BYTES >> 30} GiB are the"
            " limit: this is not a network of pictures"
        )
