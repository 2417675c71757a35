"""The corpus: HR photographs in memory, cut into tiles, each with its LR tile.

Every photograph is cut into tiles of one size and kept as uint8, so that a batch is one gather,
on the CPU and on a GPU. LR tiles are made once with MATLAB's bicubic: 8-bit for RGB networks,
float for Y networks, as in the evaluation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image

from sr_batch.imaging.color import rgb_to_y_studio
from training.data.resize import downscale

Color = Literal["rgb", "y"]

TILE = 256


class TooSmall(ValueError):
    """A photograph is smaller than a tile, or a tile is smaller than a patch."""


@dataclass(frozen=True)
class Corpus:
    """LR/HR tile pairs.

    Attributes:
        hr: uint8 (N, C, T, T), 0..255.
        lr: (N, C, T/s, T/s), 0..255.
        taught: Output of a teacher for ``lr``: (N, C, T, T), 0..255, or None.
    """

    hr: torch.Tensor
    lr: torch.Tensor
    scale: int
    taught: torch.Tensor | None = None

    def to(self, device: torch.device) -> "Corpus":
        """A copy on ``device``."""
        taught = None if self.taught is None else self.taught.to(device)
        return Corpus(self.hr.to(device), self.lr.to(device), self.scale, taught)


def read_rgb(path: Path) -> np.ndarray:
    """Decode ``path`` to uint8 (H, W, 3)."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def to_color(rgb: np.ndarray, color: Color) -> np.ndarray:
    """Convert uint8 (H, W, 3) to the input of a network: RGB, or rounded studio Y (H, W, 1)."""
    if color == "rgb":
        return rgb
    luma = rgb_to_y_studio(np.divide(rgb, 255, dtype=np.float32)) * 255
    return np.rint(luma).astype(np.uint8)[..., None]


def list_images(folders: Iterable[Path], exclude: tuple[str, ...] = ()) -> list[Path]:
    """The images in ``folders``, sorted by name.

    Args:
        folders: Searched without their subfolders.
        exclude: Images whose name starts with one of these are left out.

    Raises:
        FileNotFoundError: a folder does not exist or contains no image.
    """
    found: list[Path] = []
    for folder in folders:
        paths = [p for p in sorted(folder.glob("*")) if p.suffix in {".jpg", ".png", ".webp"}]
        if not paths:
            raise FileNotFoundError(
                f"{folder}: no images here; training/README.md lists the image sets, "
                "--data names their folder"
            )
        found += [p for p in paths if not p.name.startswith(exclude)] if exclude else paths
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


def load_corpus(paths: Iterable[Path], scale: int, color: Color) -> Corpus:
    """Cut the photographs at ``paths`` into tiles, and pair each with its bicubic LR.

    Raises:
        TooSmall: a photograph is smaller than a tile.
    """
    side = TILE - TILE % scale
    return pair([tile for path in paths for tile in _tiles(path, color, side)], scale, color)


def count_tiles(paths: Iterable[Path], scale: int) -> int:
    """The number of tiles that :func:`load_corpus` cuts; only the sizes of files are read."""
    side, count = TILE - TILE % scale, 0
    for path in paths:
        with Image.open(path) as image:
            width, height = image.size
        count += max(0, (width - side) // TILE + 1) * max(0, (height - side) // TILE + 1)
    return count


def pair(tiles: Sequence[np.ndarray], scale: int, color: Color) -> Corpus:
    """A corpus of ``tiles``, each uint8 (T, T, C), and their bicubic LR."""
    lr = torch.stack([downscale(tile, scale) for tile in tiles])
    if color == "rgb":
        lr = lr.round().clamp(0, 255).to(torch.uint8)
    hr = torch.from_numpy(np.stack(tiles).transpose(0, 3, 1, 2).copy())
    return Corpus(hr, lr, scale)


def _tiles(path: Path, color: Color, side: int) -> Iterable[np.ndarray]:
    image = to_color(read_rgb(path), color)
    height, width = image.shape[:2]
    if min(height, width) < side:
        raise TooSmall(
            f"{path}: {width}x{height} is smaller than a tile of {side}x{side}; remove the file"
        )
    for top in range(0, height - side + 1, TILE):
        for left in range(0, width - side + 1, TILE):
            yield image[top : top + side, left : left + side]
