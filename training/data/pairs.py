"""Matches folders of HR pictures with folders of their LR."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sr_batch.core.errors import ImageError, UsageError
from sr_batch.core.geometry import Size
from training.data.pictures import list_images, size_of

PAIRED = ("high_res", "low_res")  # names of two folders that are a pair
_SHOWN = 3  # files that a message names


def matched(hr: Path, lr: Path, paths: Sequence[Path], scale: int) -> list[tuple[Path, Path]]:
    """Each of ``paths`` below ``hr`` with the LR file of the same name below ``lr``.

    The suffix of the names may differ, and LR may have ``x2`` (the scale) before it, as DIV2K has.

    Raises:
        UsageError: names differ, or LR has neither the size of HR nor the size reduced by
            ``scale``. The message names the first three.
    """
    lows = {path.relative_to(lr).with_suffix("").as_posix(): path for path in list_images([lr])}
    names = {path: path.relative_to(hr).with_suffix("").as_posix() for path in paths}
    pairs = [
        (path, low)
        for path, name in names.items()
        if (low := lows.get(name) or lows.get(f"{name}x{scale}"))
    ]
    _require_partners(hr, lr, {*paths} - {path for path, _ in pairs})
    _require_partners(lr, hr, {*lows.values()} - {low for _, low in pairs})
    if len({low for _, low in pairs}) < len(pairs):
        raise UsageError(f"{hr}: several pictures have the same name; their LR is not certain")
    _require_sizes(pairs, scale)
    return pairs


def _require_partners(folder: Path, other: Path, alone: Iterable[Path]) -> None:
    """Raises UsageError if pictures of ``folder`` are missing in ``other``."""
    names = sorted(path.relative_to(folder).as_posix() for path in alone)
    if names:
        count = f"{len(names)} picture{'s' * (len(names) > 1)}"
        raise UsageError(
            f"{folder}: {count} without a picture of the same name in {other}: {_first(names)};"
            " add or remove them"
        )


def _require_sizes(pairs: Sequence[tuple[Path, Path]], scale: int) -> None:
    """Raises UsageError if a picture has an LR of another size. Unreadable files are left alone."""
    wrong: dict[str, str] = {}
    for hr, lr in pairs:
        try:
            high, low = size_of(hr), size_of(lr)
        except ImageError:
            continue
        if low != high and not _is_reduced(high, low, scale):
            wrong[str(lr)] = f"{lr.name} {low} for {high}"
    if wrong:
        raise UsageError(_size_fault(wrong, scale))


def _size_fault(wrong: Mapping[str, str], scale: int) -> str:
    folder = Path(next(iter(wrong))).parent
    count = f"{len(wrong)} picture{'s' * (len(wrong) > 1)}"
    return (
        f"{folder}: {count} with neither the size of HR nor 1/{scale} of it:"
        f" {_first([*wrong.values()])}; the recipe enlarges {scale} times"
    )


def _is_reduced(high: Size, low: Size, scale: int) -> bool:
    """Whether ``low`` is ``high`` divided by ``scale``, rounded in either direction."""
    sides = ((high.width, low.width), (high.height, low.height))
    return all(abs(large - small * scale) < scale for large, small in sides)


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
