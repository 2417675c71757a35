"""What is said beside the outputs of a source that has failed for good: ``NAME.error.json``.

Only a file that has exactly our keys is ever replaced or removed, so that nothing else is lost
that happens to have its name.
"""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sr_batch.core.errors import SrBatchError
from sr_batch.files.atomic_write import write_output
from sr_batch.files.reading import display_name, read_source
from sr_batch.watch.pair import Pair

_SUFFIX = ".error.json"  # after the whole name: no image is called so, and "a.jpg" is not "a.png"
_KEYS = ("input", "error", "attempts", "time")
_LONGEST = 1 << 16


def tell_error(
    pair: Pair, source: Path, error: str, attempts: int, finished: float
) -> tuple[str, ...]:
    """Write the file of ``source``.

    Args:
        pair: Whose output folder takes it.
        source: Below the watched folder.
        error: One line.
        attempts: How often it has failed.
        finished: When, in seconds since 1970.

    Returns:
        Notes on what could not be done.
    """
    time = datetime.fromtimestamp(finished, UTC).isoformat(timespec="seconds")
    content = dict(zip(_KEYS, (str(source), error, attempts, time), strict=True))
    place = error_file(pair, source)
    if os.path.lexists(place) and not _is_ours(place):
        return (f"{display_name(place)} is another file: the error is not written there",)
    try:
        write_output(place, json.dumps(content, indent=1).encode() + b"\n")
    except SrBatchError as fault:
        return (str(fault),)
    return ()


def drop_error(pair: Pair, source: Path) -> None:
    """Remove the file of ``source``, if there is one."""
    place = error_file(pair, source)
    with suppress(OSError):
        if os.path.lexists(place) and _is_ours(place):
            place.unlink()


def error_file(pair: Pair, source: Path) -> Path:
    """Where it is for ``source``."""
    place = pair.output / source.relative_to(pair.source)
    return place.with_name(place.name + _SUFFIX)


def _is_ours(place: Path) -> bool:
    try:
        content = json.loads(read_source(place, _LONGEST))
    except (SrBatchError, ValueError):
        return False
    return isinstance(content, dict) and tuple(content) == _KEYS
