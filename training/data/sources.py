"""Where the pictures of a run come from: folders of HR, or pairs of folders with HR and LR.

`Data` is what a recipe says. `gather` turns it into files: those for training, for validation and
for the test.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from sr_batch.core.errors import ImageError, UsageError
from training.data.pairs import PAIRED, matched
from training.data.pictures import Picture, Tell, TooSmall, list_images, size_of, tell
from training.data.tiles import Cutting

VALIDATION = ("val", "valid", "validation")  # names of the folder beside ``train``
EVALUATION = "eval"  # no picture below this folder is trained on
_NAMED = 10  # files that are named one by one when they are left out


@dataclass(frozen=True)
class Source:
    """Pictures below the data folder.

    Attributes:
        hr: Folder of the HR pictures. If it has the folders ``high_res`` and ``low_res``, these are
            a pair.
        lr: Folder of their LR, with the same names, of the size of HR or reduced by the scale.
            Empty makes LR from HR.
        exclude: Pictures whose name starts with one of these are left out.
    """

    hr: str
    lr: str = ""
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Data:
    """The pictures of a run.

    Attributes:
        train: Where the training pictures are.
        validation: Where those are that the run is monitored on. Empty takes a part of ``train``.
        test: Where those are that nothing is chosen by. Empty takes what ``split`` leaves.
        split: Training and validation pictures that are taken from ``train``: shares if their sum
            is at most 1, else numbers. What is left is the test.
        order: ``seeded`` shuffles before the split, ``index`` keeps the order of the names.
        seed: Seed of that shuffle.
        tile: HR pixels a side of the tiles that pictures are cut into.
        size: HR pixels a side of the square that every picture is first brought to; 0 for none.
        fit: How: by a central ``crop``, or by a ``resize`` of the whole picture.
    """

    train: tuple[Source, ...] = (Source("."),)
    validation: tuple[Source, ...] = ()
    test: tuple[Source, ...] = ()
    split: tuple[float, float] = (0.9, 0.1)
    order: Literal["seeded", "index"] = "seeded"
    seed: int = 1
    tile: int = 256
    size: int = 0
    fit: Literal["crop", "resize"] = "crop"

    def cutting(self, least: int) -> Cutting:
        """How the pictures are cut if each needs ``least`` HR pixels a side."""
        return Cutting(self.tile, least=least, size=self.size, fit=self.fit)


@dataclass(frozen=True)
class Gathered:
    """The pictures of a run by what they are for."""

    train: tuple[Picture, ...]
    validation: tuple[Picture, ...] = ()
    test: tuple[Picture, ...] = ()


def layout(folder: Path) -> Data:
    """What the folders below ``folder`` are for, by their names.

    ``train`` with ``val`` and ``test`` beside it, if they exist; else all pictures, a tenth of them
    for validation.
    """
    if not (folder / "train").is_dir():
        return Data()
    names = [name for name in VALIDATION if (folder / name).is_dir()]
    test = (Source("test"),) if (folder / "test").is_dir() else ()
    return Data((Source("train"),), tuple(Source(name) for name in names[:1]), test)


def gather(
    folder: Path, data: Data, scale: int, cutting: Cutting, left_out: Tell = tell
) -> Gathered:
    """The pictures of ``data`` below ``folder``.

    Args:
        folder: The data folder.
        data: What to take.
        scale: HR side / LR side, for pairs.
        cutting: Pictures that are too small for it are left out.
        left_out: Told about pictures that are too small or cannot be read.

    Raises:
        FileNotFoundError: a folder does not exist or contains no image.
        UsageError: two folders do not match, or ``train`` cannot be split.
        TooSmall: no picture is large enough.
    """
    parts = {
        part: usable(_listed(folder, sources, scale, bool(data.size)), scale, cutting, left_out)
        for part, sources in (
            ("train", data.train),
            ("validation", data.validation),
            ("test", data.test),
        )
        if sources
    }
    if data.validation:
        return Gathered(**parts)
    return replace(_split(parts["train"], data), **{k: v for k, v in parts.items() if k == "test"})


def _listed(
    folder: Path, sources: Iterable[Source], scale: int, has_size: bool
) -> Sequence[tuple[Path, Path | None]]:
    """HR and LR files of ``sources``."""
    found: list[tuple[Path, Path | None]] = []
    for source in sources:
        hr, lr = folder / source.hr, folder / source.lr if source.lr else None
        if lr is None and all((hr / name).is_dir() for name in PAIRED):
            hr, lr = hr / PAIRED[0], hr / PAIRED[1]
        paths = [path for path in list_images([hr], source.exclude) if _is_free(path, folder, hr)]
        if not paths:
            raise FileNotFoundError(
                f"{hr}: no pictures to train on; docs/training.md says what --data may hold"
            )
        found += matched(hr, lr, paths, scale) if lr else ((path, None) for path in paths)
        if lr and has_size:
            raise UsageError(f"{hr}: a pair of folders keeps its sizes; leave `size` of the data 0")
    return found


def _is_free(path: Path, folder: Path, source: Path) -> bool:
    """Whether ``path`` is no picture of an evaluation set that lies below a training folder."""
    kept = folder / EVALUATION
    return kept not in path.parents or kept in (source, *source.parents)


def usable(
    files: Sequence[tuple[Path, Path | None]], scale: int, cutting: Cutting, left_out: Tell = tell
) -> tuple[Picture, ...]:
    """The pictures of ``files`` that can be read and are large enough.

    Raises:
        TooSmall: there is none.
    """
    least, pictures, faults = cutting.least_side(scale), [], []
    for hr, lr in files:
        try:
            size = size_of(hr)
        except ImageError as error:
            faults.append(str(error))
            continue
        if min(size.width, size.height) < least:
            faults.append(f"{hr}: {size} is smaller than {least}x{least} pixels")
        else:
            pictures.append(Picture(hr, size, lr))
    for fault in faults[:_NAMED]:
        left_out(fault)
    if len(faults) > _NAMED:
        left_out(f"{len(faults) - _NAMED} more; `python -m training data check` names them all")
    if not pictures:
        raise TooSmall(
            f"no picture can be used: all {len(faults)} are unreadable or smaller than"
            f" {least}x{least} pixels, which the recipe's patches and sizes need; give larger"
            " pictures, or lower the patch of its stages"
        )
    return tuple(pictures)


def _split(pictures: tuple[Picture, ...], data: Data) -> Gathered:
    """Raises UsageError if a part would be empty."""
    order = np.arange(len(pictures))
    if data.order == "seeded":
        order = np.random.default_rng(data.seed).permutation(len(pictures))
    first, second = _numbers(data.split, len(pictures))
    if first < 1:
        raise UsageError(
            f"{len(pictures)} picture{'s' * (len(pictures) > 1)} cannot be split into training and"
            f" validation pictures by {data.split[0]:g} and {data.split[1]:g}; give more pictures,"
            " or folders for both"
        )
    ends = (0, first, first + second, len(pictures))
    return Gathered(
        *(tuple(pictures[at] for at in sorted(order[start:end])) for start, end in pairwise(ends))
    )


def _numbers(split: tuple[float, float], count: int) -> tuple[int, int]:
    """How many of ``count`` pictures each part of ``split`` takes; at least one unless it is 0.

    Raises:
        UsageError: there are too few, or ``split`` has neither shares nor numbers.
    """
    asked = f"a split by {split[0]:g} and {split[1]:g}"
    if sum(split) <= 1:
        first, second = (max(1, round(part * count)) if part else 0 for part in split)
        return min(first, count - second), second
    if any(part % 1 for part in split):
        raise UsageError(f"{asked}: shares add up to at most 1, and numbers are whole")
    if sum(split) > count:
        raise UsageError(f"{asked} needs {sum(split):g} pictures, and there are {count}")
    return int(split[0]), int(split[1])
