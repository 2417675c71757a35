"""Writes pairs of HR and LR pictures, in the folders that training finds by their names."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from sr_batch.core.errors import ImageError, UsageError
from training.data.degrade import degraded
from training.data.pairs import PAIRED
from training.data.pictures import Picture, read_rgb, tell
from training.data.resize import crop_to_multiple
from training.data.sources import Data, gather
from training.data.tiles import fit_pixels

_PARTS = {"train": "train", "validation": "val", "test": "test"}  # part -> its folder


@dataclass(frozen=True)
class Preparation:
    """How pairs are made: from which pictures, with which LR, by which random numbers."""

    data: Data
    scale: int
    kind: str
    seed: int


def prepare(folder: Path, out: Path, how: Preparation) -> Iterator[str]:
    """Write the pairs of ``folder`` to ``out``, and yield one line for each part.

    Raises:
        UsageError: ``out`` contains files already, or two pictures would get the same name.
        FileNotFoundError: ``folder`` does not exist or contains no image.
        TooSmall: no picture is large enough.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out}: contains files already; give a new folder with -o")
    cutting = how.data.cutting(3 * how.scale)
    found = gather(folder, how.data, how.scale, cutting)
    generator = torch.Generator().manual_seed(how.seed)
    for part, name in _PARTS.items():
        pictures: tuple[Picture, ...] = getattr(found, part)
        _require_names(folder, pictures)
        written = sum(
            _write(each, each.hr.relative_to(folder), out / name, how, generator)
            for each in pictures
        )
        if pictures:
            yield f"{out / name}: {written} pairs"


def _require_names(folder: Path, pictures: tuple[Picture, ...]) -> None:
    seen: dict[Path, Path] = {}
    for each in pictures:
        name = each.hr.relative_to(folder).with_suffix("")
        if name in seen:
            raise UsageError(f"{seen[name]} and {each.hr} would get the same name; rename one")
        seen[name] = each.hr


def _write(
    picture: Picture, name: Path, out: Path, how: Preparation, generator: torch.Generator
) -> bool:
    """Write one pair. False if the picture cannot be decoded, which is said."""
    try:
        pixels = read_rgb(picture.hr)
    except ImageError as error:
        tell(str(error))
        return False
    hr = crop_to_multiple(fit_pixels(pixels, how.data.cutting(1)), how.scale)
    lr = degraded(hr, how.kind, how.scale, generator)
    for kind, levels in zip(PAIRED, (hr, lr), strict=True):
        made = (out / kind / name).with_suffix(".png")
        made.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(levels).save(made)
    return True
