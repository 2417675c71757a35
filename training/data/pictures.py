"""The pictures that networks learn from, as files: which there are, and how each is read."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sr_batch.bench.pictures import list_pictures, read_picture
from sr_batch.codec import read_header
from sr_batch.core.errors import UsageError
from sr_batch.core.geometry import Size
from sr_batch.core.options import MAX_PIXELS
from sr_batch.core.results import Failed
from sr_batch.files.reading import most_bytes, read_source
from sr_batch.imaging.color import rgb_to_y_studio

Color = Literal["rgb", "y"]

BELOW_DATA = "; --data names the folder of the pictures, as docs/training.md says"

Tell = Callable[[str], None]
"""Told about every file that is left out, and why."""


class TooSmall(ValueError):
    """No picture is large enough for a tile, or a tile is smaller than a patch."""


@dataclass(frozen=True)
class Picture:
    """A picture to train on.

    Attributes:
        hr: Its file.
        size: Of the upright picture.
        lr: The file with its LR, of the same size or reduced by the scale; None to make LR.
    """

    hr: Path
    size: Size
    lr: Path | None = None


def tell(line: str) -> None:
    """Print to standard error that a file is left out, and why."""
    print(f"left out: {line}", file=sys.stderr)


def read_rgb(path: Path) -> np.ndarray:
    """Decode ``path`` to uint8 (H, W, 3); a gray picture has three equal channels.

    Raises:
        ImageError: the file cannot be read; the message names it.
    """
    levels = read_picture(path)
    return np.repeat(levels, 3, axis=2) if levels.shape[2] == 1 else levels


def size_of(path: Path) -> Size:
    """The size of the upright picture in ``path``, by its header.

    Raises:
        ImageError: the file cannot be read; the message names it.
    """
    data = read_source(path, most_bytes(MAX_PIXELS))
    return read_header(data, str(path), MAX_PIXELS).size


def to_color(rgb: np.ndarray, color: Color) -> np.ndarray:
    """Convert uint8 (H, W, 3) to the input of a network: RGB, or rounded studio Y (H, W, 1)."""
    if color == "rgb":
        return rgb
    luma = rgb_to_y_studio(np.divide(rgb, 255, dtype=np.float32)) * 255
    return np.rint(luma).astype(np.uint8)[..., None]


def list_images(
    folders: Iterable[Path],
    exclude: tuple[str, ...] = (),
    left_out: Tell = tell,
    advice: str = BELOW_DATA,
) -> list[Path]:
    """The images in ``folders`` and their subfolders, sorted by name.

    Args:
        folders: Searched for every format that the tool reads, with suffixes in any case.
        exclude: Images whose name starts with one of these are left out.
        left_out: Told about files that cannot be opened.
        advice: Ends the message if a folder has no pictures.

    Raises:
        FileNotFoundError: a folder does not exist or contains no image.
    """
    found: list[Path] = []
    for folder in folders:
        try:
            listed = list_pictures(folder)
        except UsageError:
            found_there = "contains no pictures" if folder.is_dir() else "no such folder"
            raise FileNotFoundError(f"{folder}: {found_there}{advice}") from None
        for each in listed:
            if isinstance(each, Failed):
                left_out(each.error)
            elif not exclude or not each.path.name.startswith(exclude):
                found.append(each.path)
    return found


def shipped_images(data: Path, photographs: bool = False) -> list[Path]:
    """The images that released networks are trained on, ``train-photos`` only if asked for.

    BSDS is left out because its licence is known as non-commercial. The ``cid_*`` tiles of
    train-tight are cut from the pictures of train-more, so they are used only without train-more.
    """
    tight, more = data / "train-tight", data / "train-more"
    photos = list_images([data / "train-photos"]) if photographs else []
    if not more.exists():
        return list_images([tight], ("bsds_",)) + photos
    return list_images([tight], ("bsds_", "cid_")) + list_images([more], ("bsds_",)) + photos
