"""HR photographs in memory, each tile of them beside its LR.

Every photograph is cut into tiles of one size and kept as uint8, so that a batch is one gather,
on the CPU and on a GPU alike. LR tiles are made once with the MATLAB bicubic: 8-bit for RGB
networks, float for Y networks, as both are evaluated.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image

from sr_batch.color import rgb_to_y_studio
from training.resize import downscale

Color = Literal["rgb", "y"]

TILE = 256


class TooSmall(ValueError):
    """A photograph has no room for a tile, or a tile none for a patch."""


@dataclass(frozen=True)
class Corpus:
    """LR/HR tile pairs.

    Attributes:
        hr: uint8 (N, C, T, T), 0..255.
        lr: (N, C, T/s, T/s), 0..255.
        taught: What a teacher makes of ``lr``: (N, C, T, T), 0..255, or None.
    """

    hr: torch.Tensor
    lr: torch.Tensor
    scale: int
    taught: torch.Tensor | None = None

    def to(self, device: torch.device) -> "Corpus":
        taught = None if self.taught is None else self.taught.to(device)
        return Corpus(self.hr.to(device), self.lr.to(device), self.scale, taught)


def read_rgb(path: Path) -> np.ndarray:
    """Decode ``path`` to uint8 (H, W, 3)."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def to_color(rgb: np.ndarray, color: Color) -> np.ndarray:
    """uint8 (H, W, 3) as a network of ``color`` sees it: RGB, or rounded studio Y (H, W, 1)."""
    if color == "rgb":
        return rgb
    luma = rgb_to_y_studio(np.divide(rgb, 255, dtype=np.float32)) * 255
    return np.rint(luma).astype(np.uint8)[..., None]


def list_images(folders: Iterable[Path], exclude: tuple[str, ...] = ()) -> list[Path]:
    """Images of ``folders`` in name order, without those whose name starts with ``exclude``.

    Raises:
        FileNotFoundError: a folder is missing or holds no image.
    """
    found: list[Path] = []
    for folder in folders:
        paths = [p for p in sorted(folder.glob("*")) if p.suffix in {".jpg", ".png", ".webp"}]
        if not paths:
            raise FileNotFoundError(f"{folder}: no images; training/README.md says which")
        found += [p for p in paths if not p.name.startswith(exclude)] if exclude else paths
    return found


def shipped_images(data: Path, photographs: bool = False) -> list[Path]:
    """What shipped networks are trained on, with the pictures of ``train-photos`` if asked for.

    BSDS is left out, being known as non-commercial. The ``cid_*`` tiles of train-tight are cut
    from the pictures of train-more, so they only count where those are missing.
    """
    tight, more = data / "train-tight", data / "train-more"
    photos = list_images([data / "train-photos"]) if photographs else []
    if not more.exists():
        return list_images([tight], ("bsds_",)) + photos
    return list_images([tight], ("bsds_", "cid_")) + list_images([more], ("bsds_",)) + photos


def load_corpus(paths: Iterable[Path], scale: int, color: Color) -> Corpus:
    """Cut the photographs at ``paths`` into tiles and pair each with its bicubic LR.

    Raises:
        TooSmall: a photograph is smaller than a tile.
    """
    side = TILE - TILE % scale
    return pair([tile for path in paths for tile in _tiles(path, color, side)], scale, color)


def pair(tiles: Sequence[np.ndarray], scale: int, color: Color) -> Corpus:
    """``tiles``, each uint8 (T, T, C), beside their bicubic LR."""
    lr = torch.stack([downscale(tile, scale) for tile in tiles])
    if color == "rgb":
        lr = lr.round().clamp(0, 255).to(torch.uint8)
    hr = torch.from_numpy(np.stack(tiles).transpose(0, 3, 1, 2).copy())
    return Corpus(hr, lr, scale)


def _tiles(path: Path, color: Color, side: int) -> Iterable[np.ndarray]:
    image = to_color(read_rgb(path), color)
    height, width = image.shape[:2]
    if min(height, width) < side:
        raise TooSmall(f"{path}: {width}x{height}, but a tile has {side} pixels a side; remove it")
    for top in range(0, height - side + 1, TILE):
        for left in range(0, width - side + 1, TILE):
            yield image[top : top + side, left : left + side]
