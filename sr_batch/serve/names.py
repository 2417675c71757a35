"""Names of pictures: labels that clients give, which are never paths on this machine."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from sr_batch.batch.name_template import is_reserved
from sr_batch.codec import SUFFIXES
from sr_batch.core.options import UpscaleOptions

_NAMELESS = "image"
_LONGEST = 120  # characters of a part: within 255 bytes of any alphabet in most cases
_DEEPEST = 16
_REFUSED = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]'
)


def clean_name(text: str) -> str:
    """``text`` as a relative path that every system can unpack, with ``/`` between its parts.

    It has no ``..``, no drive, no control characters, and nothing that Windows refuses.
    """
    parts = [part for each in re.split(r"[/\\]", text) if (part := _clean_part(each))]
    return "/".join(parts[-_DEEPEST:]) or _NAMELESS


def output_name(name: str, options: UpscaleOptions, model: str, kind: str) -> str:
    """The name of the result: ``trip/a_x2_photo.png`` of ``trip/a.jpg``."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}_{options.goal.tag}_{model}{SUFFIXES[kind]}"))


def without_duplicates(names: Iterable[str]) -> Iterator[str]:
    """Each name, with a number if it was there before; upper and lower case are the same."""
    taken: set[str] = set()
    for name in names:
        path, free, number = PurePosixPath(name), name, 2
        while free.casefold() in taken:
            free = str(path.with_name(f"{path.stem}_{number}{path.suffix}"))
            number += 1
        taken.add(free.casefold())
        yield free


def _clean_part(part: str) -> str:
    part = _REFUSED.sub("_", part).strip().rstrip(". ")
    stem, dot, suffix = part.rpartition(".")
    if len(part) > _LONGEST:
        part = f"{stem[: _LONGEST - len(suffix) - 1]}{dot}{suffix}"[:_LONGEST]
    return f"_{part}" if part and is_reserved(part) else part
