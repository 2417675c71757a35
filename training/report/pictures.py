"""The pictures of a report: LR, SR and HR with zoomed crops, and all networks side by side."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sr_batch.bench.contact_sheet import Group, Panel, draw
from sr_batch.bench.quality import Levels
from sr_batch.core.errors import UsageError
from training.report.subject import Subject

_SHOWN = 240  # pixels of the longer side of each panel
_WIDEST = 1 << 16  # LR, SR and HR of a picture have one row
_WIDE = 1800  # six panels; more networks have a second row


@dataclass(frozen=True)
class Crop:
    """A square of HR pixels; without ``left`` and ``top`` it is in the middle of each picture."""

    side: int = 64
    left: int | None = None
    top: int | None = None

    def box(self, hr: Levels) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in a picture (H, W, 3), moved into it where needed."""
        height, width = hr.shape[:2]
        side = min(self.side, height, width)
        left = (width - side) // 2 if self.left is None else min(self.left, width - side)
        top = (height - side) // 2 if self.top is None else min(self.top, height - side)
        return left, top, left + side, top + side


CropOf = Callable[[str], Crop]
"""Name of a picture -> its crop."""


def parse_crop(text: str) -> Crop:
    """The crop of ``--crop``: a side, or left, top and side.

    Raises:
        UsageError: it is neither.
    """
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 1 and numbers[0] > 0:
        return Crop(numbers[0])
    if len(numbers) == 3 and min(numbers[:2]) >= 0 < numbers[2]:
        return Crop(numbers[2], numbers[0], numbers[1])
    raise UsageError(f"--crop {text}: give a side such as 64, or LEFT,TOP,SIDE in HR pixels")


def draw_triples(subject: Subject, crop: CropOf, path: Path) -> None:
    """Draw LR, SR and HR of each shown picture, whole and in the crop, with the PSNR."""
    groups = [Group(list(_triple(subject, name, crop(name))), name) for name in subject.rows]
    Image.fromarray(draw(groups, _WIDEST)).save(path)


def draw_side_by_side(subjects: Sequence[Subject], crop: CropOf, path: Path) -> None:
    """Draw the crop of each shown picture by bicubic and by every network, and the original."""
    names = subjects[0].rows
    groups = [Group(list(_across(subjects, name, crop(name))), name) for name in names]
    Image.fromarray(draw(groups, _WIDE)).save(path)


def decibels(subject: Subject, picture: str) -> tuple[float, float]:
    """PSNR of bicubic and of the network for ``picture``."""
    measured = (*subject.result.pictures, *subject.others)
    row = next(each for each in measured if each.picture == picture)
    return row.bicubic["psnr"], row.network["psnr"]


def _triple(subject: Subject, name: str, crop: Crop) -> Iterator[Panel]:
    row = subject.rows[name]
    box, scale = crop.box(row.hr), subject.result.scale
    bicubic, network = decibels(subject, name)
    # Nearest, so that the pixels of LR are seen.
    lr = row.lr.repeat(scale, 0).repeat(scale, 1)
    gain = f"{bicubic:.2f} -> {network:.2f} dB"
    versions = {"LR": lr, f"SR, {subject.name}": row.sr, "HR": row.hr}
    for title, pixels in versions.items():
        yield Panel(title, _whole(pixels, box), gain if pixels is row.sr else "")
    for title, pixels in versions.items():
        yield Panel(f"{title.partition(',')[0]}, crop", _zoomed(pixels, box))


def _across(subjects: Sequence[Subject], name: str, crop: Crop) -> Iterator[Panel]:
    box = crop.box(subjects[0].rows[name].hr)
    for scale in dict.fromkeys(each.result.scale for each in subjects):
        first = next(each for each in subjects if each.result.scale == scale)
        psnr = f"{decibels(first, name)[0]:.2f} dB"
        yield Panel(f"bicubic x{scale}", _zoomed(first.rows[name].bicubic, box), psnr)
    for subject in subjects:
        psnr = f"{decibels(subject, name)[1]:.2f} dB"
        yield Panel(subject.name, _zoomed(subject.rows[name].sr, box), psnr)
    yield Panel("original", _zoomed(subjects[0].rows[name].hr, box))


def _whole(pixels: Levels, box: tuple[int, int, int, int]) -> Levels:
    """The whole picture with a frame around the crop, reduced to fit."""
    picture = Image.fromarray(pixels)
    ImageDraw.Draw(picture).rectangle(box, outline="cyan", width=max(1, max(picture.size) // 120))
    picture.thumbnail((_SHOWN, _SHOWN))
    return np.asarray(picture)


def _zoomed(pixels: Levels, box: tuple[int, int, int, int]) -> Levels:
    crop = Image.fromarray(pixels).crop(box)
    return np.asarray(crop.resize((_SHOWN, _SHOWN), Image.Resampling.NEAREST))
