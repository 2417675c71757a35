"""What becomes of a source: nothing, or, once its own output is verified, as the user has said."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from sr_batch.core.results import Done, Failed, JobResult, Skipped
from sr_batch.files.reading import display_name, stamp_of
from sr_batch.files.stamp import Stamp
from sr_batch.watch.pair import Pair


def act(pair: Pair, source: Path, stamp: Stamp, result: JobResult) -> tuple[str, ...]:
    """Keep, move or delete ``source``, which looked like ``stamp`` when it was read.

    One that has changed since is left: it is another picture. So is one whose output is gone.

    Returns:
        Notes on what could not be done.
    """
    if pair.after == "keep" or stamp_of(source) != stamp:
        return ()
    try:
        if isinstance(result, Failed):
            if pair.after == "move":
                _move(source, pair.failed / source.relative_to(pair.source))
        elif _has_output(result):
            if pair.after == "delete":
                source.unlink()
            else:
                _move(source, pair.done / source.relative_to(pair.source))
    except OSError as error:
        return (f"{display_name(source)} is not {pair.after}d: {error.strerror or error}",)
    return ()


def _has_output(result: JobResult) -> bool:
    """Whether a whole output of it stands; engine and ledger have compared its bytes."""
    if not isinstance(result, Done | Skipped) or result.output is None:
        return False
    if isinstance(result, Skipped) and result.reason != "already done":
        return False
    there = stamp_of(Path(result.output))
    return there is not None and there.size > 0


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    free = next(path for path in _names(target) if not path.exists())
    shutil.move(source, free)


def _names(target: Path) -> Iterator[Path]:
    yield target
    for number in count(2):
        yield target.with_name(f"{target.stem}_{number}{target.suffix}")
