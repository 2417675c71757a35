"""Names of pictures: labels that clients give, which are never paths on this machine."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from sr_batch.codec import SUFFIXES
from sr_batch.core.options import UpscaleOptions
from sr_batch.files.windows_names import is_reserved

_NAMELESS = "image"
_LONGEST = 180  # bytes of a part: systems take 255, and the name of a result is longer
_LONGEST_SUFFIX = 10  # characters; what is longer is no suffix
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


def without_duplicates(names: Sequence[str]) -> Iterator[str]:
    """Each name, with a number if a file or folder has it; upper and lower case are the same."""
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    last = {folder.casefold(): 1 for folder in folders}  # name -> the last number it was given
    for name in names:
        path, free, number = PurePosixPath(name), name, last.get(name.casefold(), 1)
        while free.casefold() in last:
            number += 1
            free = str(path.with_name(f"{path.stem}_{number}{path.suffix}"))
        last[name.casefold()] = number
        last.setdefault(free.casefold(), 1)
        yield free


def _clean_part(part: str) -> str:
    part = _REFUSED.sub("_", part).strip().rstrip(". ")
    if len(part.encode()) > _LONGEST:
        suffix = PurePosixPath(part).suffix
        end = suffix if len(suffix) <= _LONGEST_SUFFIX else ""
        part = _shortened(part.removesuffix(end), _LONGEST - len(end.encode())) + end
    return f"_{part}" if part and is_reserved(part) else part


def _shortened(text: str, most: int) -> str:
    """``text`` in at most ``most`` bytes of UTF-8, without a dot or space at its end."""
    return text.encode()[: max(0, most)].decode("utf-8", "ignore").rstrip(". ")
