"""Writes ``NAME.error.json`` beside the outputs for a source that cannot be enlarged.

An existing file is replaced or removed only if it has exactly the keys of an error file, so a
user's file of the same name is safe.
"""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sr_batch.core.errors import SrBatchError
from sr_batch.files.atomic_write import write_output
from sr_batch.files.reading import display_name, read_source
from sr_batch.watch.folder_pair import Pair

_SUFFIX = ".error.json"  # follows the whole name, so that "a.jpg" and "a.png" do not share a file
_KEYS = ("input", "error", "attempts", "time")
_MAX_BYTES = 1 << 16


def write_error(
    pair: Pair, source: Path, error: str, attempts: int, finished: float
) -> tuple[str, ...]:
    """Write the error file of ``source``.

    Args:
        pair: The folders of ``source``.
        source: A file below the watched folder.
        error: One line.
        attempts: How often the source has failed.
        finished: Time of the last failure, in seconds since 1970.

    Returns:
        A note if the file could not be written.
    """
    time = datetime.fromtimestamp(finished, UTC).isoformat(timespec="seconds")
    content = dict(zip(_KEYS, (str(source), error, attempts, time), strict=True))
    place = error_file(pair, source)
    if os.path.lexists(place) and not _is_error_file(place):
        return (f"{display_name(place)} exists and is not an error file: the error is not written",)
    try:
        write_output(place, json.dumps(content, indent=1).encode() + b"\n")
    except SrBatchError as fault:
        return (str(fault),)
    return ()


def remove_error(pair: Pair, source: Path) -> None:
    """Remove the error file of ``source``, if it exists."""
    place = error_file(pair, source)
    with suppress(OSError):
        if os.path.lexists(place) and _is_error_file(place):
            place.unlink()


def error_file(pair: Pair, source: Path) -> Path:
    """The path of the error file of ``source``."""
    place = pair.output / source.relative_to(pair.source)
    return place.with_name(place.name + _SUFFIX)


def _is_error_file(place: Path) -> bool:
    try:
        content = json.loads(read_source(place, _MAX_BYTES))
    except (SrBatchError, ValueError):
        return False
    return isinstance(content, dict) and tuple(content) == _KEYS
