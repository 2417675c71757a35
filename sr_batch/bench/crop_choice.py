"""Chooses the parts of a picture that show most of what networks do differently."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sr_batch.core.arrays import FloatArray
from sr_batch.core.geometry import Region, Size
from sr_batch.core.image import Pixels

_CELL = 16  # pixels a side of the squares whose detail is added up
_BAND = 32  # rows of cells at a time, so that a large picture takes little memory
_MARGIN = 0.03  # of the shorter side: nobody looks at the border of a picture
_NOISE = 0.375  # of contrast: noise leaves a quarter, give or take an eighth
_EQUAL = 1 - 1e-6  # spots with so much of the best one's detail are as good

Cells = npt.NDArray[np.float64]


def detailed_spots(pixels: Pixels, size: Size, count: int = 1) -> list[Region]:
    """The parts of ``pixels`` with the most detail, the best first; they do not overlap.

    Detail is contrast that is still there when pixels are averaged two by two: edges, lettering
    and texture are, and noise is not. Its root is added up, so that a part full of texture wins
    over a single hard edge. A picture without detail gives its middle.

    Args:
        pixels: (H, W, C), uint8 or uint16.
        size: Of the parts; smaller where the picture is.
        count: Parts wanted. There are fewer if no more fit beside each other.

    Returns:
        Regions inside the picture, away from its border if it is large enough.
    """
    whole = Size(pixels.shape[1], pixels.shape[0])
    size = Size(min(size.width, whole.width), min(size.height, whole.height))
    lefts, tops = _starts(whole.width, size.width, whole), _starts(whole.height, size.height, whole)
    scores = _sums(_detail(pixels), lefts, tops, size)
    places: list[Region] = []
    while len(places) < count and (scores >= 0).any():
        row, column = _best(scores, lefts, tops, size, whole)
        place = Region(0, 0, size.width, size.height)
        left, top = int(lefts[column]), int(tops[row])
        places.append(Region(left, top, left + place.right, top + place.bottom))
        near_rows, near_columns = abs(tops - top) < size.height, abs(lefts - left) < size.width
        scores[np.ix_(near_rows, near_columns)] = -1
    return places


def _starts(side: int, length: int, whole: Size) -> npt.NDArray[np.int64]:
    """Where a part of ``length`` may start: at every cell away from the border."""
    margin = min(round(min(whole.width, whole.height) * _MARGIN), (side - length) // 2)
    return np.arange(margin, side - length - margin + 1, _CELL)


def _best(
    scores: Cells,
    lefts: npt.NDArray[np.int64],
    tops: npt.NDArray[np.int64],
    size: Size,
    whole: Size,
) -> tuple[int, int]:
    """Row and column of the highest score; of several, the one nearest to the middle."""
    down = tops[:, None] + size.height / 2 - whole.height / 2
    across = lefts[None] + size.width / 2 - whole.width / 2
    distance = np.where(scores >= scores.max() * _EQUAL, down**2 + across**2, np.inf)
    row, column = np.unravel_index(int(distance.argmin()), scores.shape)
    return int(row), int(column)


def _sums(
    detail: Cells, lefts: npt.NDArray[np.int64], tops: npt.NDArray[np.int64], size: Size
) -> Cells:
    """Detail in the parts of ``size`` that start at ``tops`` and ``lefts``, in whole cells."""
    table = np.pad(detail.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    rows, columns = (np.minimum(starts // _CELL, n - 1) for starts, n in _axes(detail, tops, lefts))
    below = np.minimum(rows + max(1, size.height // _CELL), len(detail))
    right = np.minimum(columns + max(1, size.width // _CELL), detail.shape[1])
    sums = (
        table[np.ix_(below, right)]
        - table[np.ix_(rows, right)]
        - table[np.ix_(below, columns)]
        + table[np.ix_(rows, columns)]
    )
    return np.asarray(np.maximum(sums, 0))


def _axes(
    detail: Cells, tops: npt.NDArray[np.int64], lefts: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], int]]:
    yield tops, detail.shape[0]
    yield lefts, detail.shape[1]


def _detail(pixels: Pixels) -> Cells:
    """The detail of every cell, (ceil(H / 16), ceil(W / 16)); cells at the end may be smaller."""
    step = _BAND * _CELL
    bands = [_band_detail(pixels[top : top + step]) for top in range(0, len(pixels), step)]
    return np.concatenate(bands)


def _band_detail(band: Pixels) -> Cells:
    """Detail of the cells of a band, whose height is a multiple of a cell's unless it is the last.

    The mean square of differences between neighbours falls to a quarter, for white noise, when
    pixels are averaged two by two. What is well above that quarter is no noise.
    """
    gray = _gray(band)
    halved = gray[::2, ::2] + gray[1::2, ::2]
    halved += gray[::2, 1::2]
    halved += gray[1::2, 1::2]
    left = _contrast(halved, _CELL // 2) / 16 - _contrast(gray, _CELL) * _NOISE
    return np.asarray(np.sqrt(np.maximum(left, 0)), np.float64)


def _gray(band: Pixels) -> FloatArray:
    """Mean of the channels, 0..1, filled up to whole cells with its last row and column."""
    gray = band[..., 0].astype(np.float32)
    for channel in range(1, band.shape[2]):
        gray += band[..., channel]
    gray /= np.float32(np.iinfo(band.dtype).max * band.shape[2])
    missing = [(0, -side % _CELL) for side in gray.shape]
    return np.pad(gray, missing, mode="edge") if any(end for _, end in missing) else gray


def _contrast(gray: FloatArray, cell: int) -> FloatArray:
    """Sum of the squared differences of neighbours, for each cell by its number of pixels."""
    squares = np.zeros_like(gray)
    for first, second, out in (
        (gray[:-1], gray[1:], squares[:-1]),
        (gray[:, :-1], gray[:, 1:], squares[:, :-1]),
    ):
        difference = second - first
        difference *= difference
        out += difference
    rows, columns = (side // cell for side in gray.shape)
    sums = squares.reshape(rows, cell, -1).sum(axis=1).reshape(rows, columns, cell).sum(axis=2)
    mean: FloatArray = sums / np.float32(cell**2)
    return mean
