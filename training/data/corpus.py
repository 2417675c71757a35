"""The corpus: HR photographs in memory, cut into tiles, each with its LR tile.

Every photograph is cut into tiles and kept as uint8, so that a batch is one gather, on the CPU and
on a GPU. Tiles of smaller pictures are padded to the size of the others. LR tiles come from files,
or they are made once with MATLAB's bicubic: 8-bit for RGB networks, float for Y networks, as in the
evaluation. A corpus that is too large for memory is in a mapped file.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from sr_batch.core.errors import ImageError
from sr_batch.core.geometry import Region
from training.data.pictures import Color, Picture, Tell, TooSmall, read_rgb, tell, to_color
from training.data.resize import downscale
from training.data.storage import free_memory, is_too_large, mapped_array
from training.data.tiles import COVERING, Cutting, fit_pixels, lr_tile, padded, tiles_of


@dataclass(frozen=True)
class Corpus:
    """LR/HR tile pairs.

    Attributes:
        hr: uint8 (N, C, T, T), 0..255.
        lr: (N, C, T/s, T/s), 0..255.
        taught: Output of a teacher for ``lr``: (N, C, T, T), 0..255, or None.
        extent: LR rows and columns of each tile that are not padding, int64 (N, 2); None if all
            tiles are whole.
        target: Where batches go, if the tiles stay in a mapped file.
    """

    hr: torch.Tensor
    lr: torch.Tensor
    scale: int
    taught: torch.Tensor | None = None
    extent: torch.Tensor | None = None
    target: torch.device | None = None

    def to(self, device: torch.device) -> "Corpus":
        """A copy on ``device``. The tiles of a mapped file stay there, only batches are copied."""
        if self.target is not None:
            return replace(self, target=device)
        taught = None if self.taught is None else self.taught.to(device)
        return replace(self, hr=self.hr.to(device), lr=self.lr.to(device), taught=taught)


def build_corpus(
    pictures: Sequence[Picture],
    scale: int,
    color: Color,
    cutting: Cutting = COVERING,
    spill: Path | None = None,
    left_out: Tell = tell,
) -> Corpus:
    """Cut ``pictures`` into tiles, and pair each with its LR.

    Args:
        pictures: What to cut.
        scale: HR side / LR side.
        color: What the network reads.
        cutting: How to cut.
        spill: Folder for the tiles if they are larger than half of the free memory; None keeps
            them in memory.
        left_out: Told about files that cannot be decoded.

    Raises:
        TooSmall: no picture gives a tile.
        UsageError: ``spill`` has no room for the tiles.
    """
    cut = [(each, [*_regions(each, cutting, scale)]) for each in pictures]
    tiles = [tile for _, regions in cut for tile in regions]
    if not tiles:
        names = ", ".join(f"{each.hr} ({each.size})" for each in pictures[:3])
        least = cutting.least_side(scale)
        raise TooSmall(f"no picture has {least}x{least} pixels for a tile; the first: {names}")
    store = _Store(tiles, scale, color, spill)
    for picture, regions in cut:
        try:
            hr, lr = _read(picture, color, cutting)
        except ImageError as error:
            left_out(str(error))
            continue
        for region in regions:
            store.add(hr[region.slices], lr_tile(hr, lr, region, scale))
    return store.corpus()


def count_tiles(pictures: Iterable[Picture], scale: int, cutting: Cutting = COVERING) -> int:
    """The number of tiles that :func:`build_corpus` cuts, if it can decode all ``pictures``."""
    return sum(1 for each in pictures for _ in _regions(each, cutting, scale))


def pair(tiles: Sequence[np.ndarray], scale: int, color: Color) -> Corpus:
    """A corpus of ``tiles``, each uint8 (T, T, C), and their bicubic LR."""
    side = tiles[0].shape[0]
    store = _Store([Region(0, 0, side, side)] * len(tiles), scale, color, None)
    for tile in tiles:
        store.add(tile, downscale(tile, scale))
    return store.corpus()


def whole_too(corpus: Corpus, count: int) -> torch.Tensor | None:
    """The ``extent`` of ``corpus`` with ``count`` more tiles that are whole."""
    if corpus.extent is None:
        return None
    return torch.cat([corpus.extent, torch.tensor([corpus.lr.shape[2:]] * count)])


class _Store:
    """The growing tensors of a corpus."""

    def __init__(
        self, tiles: Sequence[Region], scale: int, color: Color, spill: Path | None
    ) -> None:
        count, channels = len(tiles), 3 if color == "rgb" else 1
        self._scale, self._added = scale, 0
        sides = max(tile.size.height for tile in tiles), max(tile.size.width for tile in tiles)
        high = (count, channels, *sides)
        low = (count, channels, *(side // scale for side in sides))
        kind = np.uint8 if color == "rgb" else np.float32
        total = np.prod(high) + np.prod(low) * np.dtype(kind).itemsize
        large = is_too_large(int(total), free_memory())
        make = partial(mapped_array, folder=spill) if spill and large else np.empty
        self._is_mapped = make is not np.empty
        self._hr, self._lr = make(high, np.uint8), make(low, kind)
        self._extent = np.empty((count, 2), np.int64)

    def add(self, hr: np.ndarray, lr: torch.Tensor) -> None:
        """Add HR (h, w, C) and LR (C, h/s, w/s), not larger than the other tiles."""
        at, self._added = self._added, self._added + 1
        self._extent[at] = lr.shape[1:]
        if self._lr.dtype == np.uint8:
            lr = lr.round().clamp(0, 255)
        self._hr[at] = padded(hr.transpose(2, 0, 1), self._hr.shape[2:])
        self._lr[at] = padded(lr.numpy(), self._lr.shape[2:])

    def corpus(self) -> Corpus:
        """The corpus of what was added."""
        if not self._added:
            raise TooSmall("none of the pictures can be decoded")
        hr, lr, extent = (each[: self._added] for each in (self._hr, self._lr, self._extent))
        is_whole = bool((extent == lr.shape[2:]).all())
        return Corpus(
            torch.from_numpy(hr),
            torch.from_numpy(lr),
            self._scale,
            extent=None if is_whole else torch.from_numpy(extent),
            target=torch.device("cpu") if self._is_mapped else None,
        )


def _regions(picture: Picture, cutting: Cutting, scale: int) -> Iterator[Region]:
    """The tiles of ``picture``."""
    return tiles_of(cutting.fitted(picture.size), cutting, scale)


def _read(picture: Picture, color: Color, cutting: Cutting) -> tuple[np.ndarray, np.ndarray | None]:
    """HR (H, W, C) and, if it has a file, LR."""
    hr = to_color(fit_pixels(read_rgb(picture.hr), cutting), color)
    return hr, to_color(read_rgb(picture.lr), color) if picture.lr else None
