"""Finds pictures that show the same, by a difference hash and a thumbnail of each.

The hash says for 8x8 places whether brightness rises to the right (Krawetz, "Kind of Like That",
2013). Two pictures are alike if few bits differ and their thumbnails correlate. This finds copies
that are resized, compressed, converted to gray or a little cropped, but neither parts of pictures
nor turned ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from training.data.pictures import read_rgb, to_color

_SIDE = 8  # of the hash
_THUMBNAIL = 24
_DIFFERENT_BITS = 12  # of 64; unrelated pictures differ in about 32
_CORRELATION = 0.95
_FLAT = 1.0  # levels of deviation below which a thumbnail shows nothing


@dataclass(frozen=True)
class Fingerprint:
    """What a picture is recognized by.

    Attributes:
        path: Its file.
        width: Pixels of a row.
        height: Pixels of a column.
        is_gray: Whether its channels are equal.
        bits: The hash.
        thumbnail: float32 (576,), mean 0 and length 1; zeros for a picture that is nearly flat.
    """

    path: Path
    width: int
    height: int
    is_gray: bool
    bits: int
    thumbnail: np.ndarray


def fingerprint(path: Path) -> Fingerprint:
    """Decode ``path`` and measure it.

    Raises:
        ImageError: the file cannot be read; the message names it.
    """
    rgb = read_rgb(path)
    height, width = rgb.shape[:2]
    is_gray = bool((rgb[..., :1] == rgb).all())
    luma = torch.from_numpy(to_color(rgb, "y")[..., 0].astype(np.float32))[None]
    rows = F.adaptive_avg_pool2d(luma, (_SIDE, _SIDE + 1))[0].numpy()
    bits = int.from_bytes(np.packbits(rows[:, 1:] > rows[:, :-1]).tobytes())
    small = F.adaptive_avg_pool2d(luma, _THUMBNAIL)[0].numpy().ravel()
    small = small - small.mean()
    length = np.linalg.norm(small) if small.std() > _FLAT else np.inf
    return Fingerprint(path, width, height, is_gray, bits, small / np.float32(length))


def alike(
    ones: Sequence[Fingerprint], others: Sequence[Fingerprint] | None = None
) -> Iterator[tuple[Fingerprint, Fingerprint]]:
    """Pairs of ``ones`` and ``others`` that show the same; without others, pairs of ``ones``."""
    second = ones if others is None else others
    if not (ones and second):
        return
    bits = np.array([each.bits for each in second], np.uint64)
    thumbnails = np.stack([each.thumbnail for each in second])
    for number, one in enumerate(ones):
        near = np.bitwise_count(bits ^ np.uint64(one.bits)) <= _DIFFERENT_BITS
        near &= thumbnails @ one.thumbnail >= _CORRELATION
        for at in np.flatnonzero(near).tolist():
            if others is not None or at > number:
                yield one, second[at]
