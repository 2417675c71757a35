"""Cuts an image into tiles: equal cores that cover it once, each in a window with context.

Windows are clamped to the image, never padded: at the border, a tile sees the same as the whole
image would. All windows of an image have one size: changing sizes make ONNX Runtime's memory pool
half as large again, and other providers prepare for each size.
"""

from collections.abc import Iterator
from itertools import count, pairwise, product
from math import ceil, isqrt
from typing import NamedTuple

from sr_batch.core.geometry import Region, Size, Tile
from sr_batch.core.model_spec import PIXEL_BYTES

# Memory in bytes for all tiles in flight.
_MEMORY = 700 << 20
# Cores this many overlaps long cost a fifth more than no tiles at all. The memory budget must not
# ask for smaller ones.
_CHEAP_OVERLAPS = 20
_SMALLEST = 64
# Most work, relative to the whole image, that a tile for every thread may cost.
_SHARING = 1.1
# A window of a fixed side is at least this many overlaps long, or it would be mostly context.
_LEAST_OVERLAPS = 4
_ANY = Size(1, 1)  # windows may be smaller than any other size


def plan_tiles(size: Size, core: int, overlap: int, multiple: int) -> tuple[Tile, ...]:
    """Cut an image of ``size`` into a balanced grid, row by row.

    Args:
        size: Size of the image.
        core: Longest side of a core; 0 for a single tile. The cores' sides differ by at most one.
        overlap: Pixels of context on every side of a core, up to the border of the image.
        multiple: Windows start and end at multiples of this, or at the image's border. Padded to
            it, all have one size.
    """
    return split(Region(0, 0, size.width, size.height), size, core, overlap, multiple)


def plan_auto(
    size: Size, overlap: int, multiple: int, threads: int, pixel_bytes: int = PIXEL_BYTES
) -> tuple[Tile, ...]:
    """Like :func:`plan_tiles`, with the grid that computes the least context twice.

    It keeps ``threads`` tiles at a time, of ``pixel_bytes`` for each pixel, within a memory budget,
    and has a tile for every thread if that costs little.
    """
    grid = _cheapest_grid(size, overlap, threads, pixel_bytes)
    whole = Region(0, 0, size.width, size.height)
    return _cut(whole, size, grid.columns, grid.rows, overlap, multiple)


def plan_whole(
    size: Size, overlap: int, multiple: int, threads: int, pixel_bytes: int
) -> tuple[Tile, ...]:
    """One tile if it fits the memory budget of :func:`plan_auto`, else the largest that fit."""
    if size.pixels * pixel_bytes <= _MEMORY:
        return plan_tiles(size, 0, overlap, multiple)
    window = isqrt(_MEMORY // (threads * pixel_bytes))
    core = max(_SMALLEST, 2 * overlap, window - 2 * (overlap + multiple - 1))
    return plan_tiles(size, core, overlap, multiple)


def plan_fixed(
    size: Size, window: int, overlap: int, multiple: int, window_rows: int = 0
) -> tuple[Tile, ...]:
    """Like :func:`plan_tiles`, with the fewest tiles whose windows all have a given size.

    Args:
        size: Size of the image.
        window: Side of the windows, rounded up to ``multiple`` and to four overlaps. Along a side
            of the image that is shorter, windows cover that side.
        overlap: As for :func:`plan_tiles`.
        multiple: As for :func:`plan_tiles`. Padded to it, windows have exactly the given size.
        window_rows: Height of the windows, if they are not square.
    """
    least = _LEAST_OVERLAPS * max(overlap, multiple)
    width, height = (_up(max(side, least), multiple) for side in (window, window_rows or window))
    columns, rows = (
        next(
            parts
            for parts in count(ceil(side / length))
            if _longest(_needs(0, side, parts, side, overlap, multiple)) <= length
        )
        for side, length in ((size.width, width), (size.height, height))
    )
    whole = Region(0, 0, size.width, size.height)
    return _cut(whole, size, columns, rows, overlap, multiple, Size(width, height))


def split(region: Region, size: Size, core: int, overlap: int, multiple: int) -> tuple[Tile, ...]:
    """Tiles for one ``region`` of an image of ``size``; other arguments as :func:`plan_tiles`."""
    longest = core or max(size.width, size.height)
    columns, rows = ceil(region.size.width / longest), ceil(region.size.height / longest)
    return _cut(region, size, columns, rows, overlap, multiple)


def _cut(
    region: Region,
    size: Size,
    columns: int,
    rows: int,
    overlap: int,
    multiple: int,
    least: Size = _ANY,
) -> tuple[Tile, ...]:
    xs = _spans(region.left, region.right, columns, size.width, overlap, multiple, least.width)
    ys = _spans(region.top, region.bottom, rows, size.height, overlap, multiple, least.height)
    return tuple(
        Tile(Region(x0, y0, x1, y1), Region(left, top, right, bottom))
        for (y0, y1), (top, bottom) in ys
        for (x0, x1), (left, right) in xs
    )


Span = tuple[int, int]


def _spans(
    start: int, stop: int, parts: int, side: int, overlap: int, multiple: int, least: int
) -> list[tuple[Span, Span]]:
    """(core, window) of each part of one axis of an image that is ``side`` pixels long.

    All windows are as long as the longest one needs, and at least ``least`` if the image is.
    """
    needs = _needs(start, stop, parts, side, overlap, multiple)
    padded = _up(side, multiple)
    length = min(padded, max(least, _longest(needs)))
    starts = [min(need[0], padded - length) for _, need in needs]
    return [
        (core, (first, min(side, first + length)))
        for (core, _), first in zip(needs, starts, strict=True)
    ]


def _needs(
    start: int, stop: int, parts: int, side: int, overlap: int, multiple: int
) -> list[tuple[Span, Span]]:
    """(core, core with its context) of each part; the latter starts and ends at multiples."""
    edges = [start + (stop - start) * i // parts for i in range(parts + 1)]
    return [
        (
            core,
            (
                max(0, core[0] - overlap) // multiple * multiple,
                _up(min(side, core[1] + overlap), multiple),
            ),
        )
        for core in pairwise(edges)
    ]


def _longest(needs: list[tuple[Span, Span]]) -> int:
    return max(last - first for _, (first, last) in needs)


def _up(value: int, multiple: int) -> int:
    return ceil(value / multiple) * multiple


class _Grid(NamedTuple):
    """A way to cut an image.

    Attributes:
        columns: Tiles in a row.
        rows: Tiles in a column.
        window: Pixels in each window.
    """

    columns: int
    rows: int
    window: int

    @property
    def tiles(self) -> int:
        return self.columns * self.rows

    @property
    def work(self) -> int:
        """Pixels that the network computes, context included."""
        return self.tiles * self.window


def _cheapest_grid(size: Size, overlap: int, threads: int, pixel_bytes: int) -> _Grid:
    budget = _MEMORY // (threads * pixel_bytes)
    limit = max(budget, (_CHEAP_OVERLAPS * overlap + _SMALLEST) ** 2)
    fitting = [grid for grid in _grids(size, overlap) if grid.window <= limit]
    shared = [
        grid for grid in fitting if grid.tiles >= threads and grid.work <= _SHARING * size.pixels
    ]
    return min(shared or fitting, key=lambda grid: grid.work)


def _grids(size: Size, overlap: int) -> Iterator[_Grid]:
    """All grids whose cores are not much smaller than the smallest."""
    most_columns, most_rows = ceil(size.width / _SMALLEST), ceil(size.height / _SMALLEST)
    for columns, rows in product(range(1, most_columns + 1), range(1, most_rows + 1)):
        window = _length(size.width, columns, overlap) * _length(size.height, rows, overlap)
        yield _Grid(columns, rows, window)


def _length(side: int, parts: int, overlap: int) -> int:
    """Length of a window when a ``side`` is cut into ``parts``."""
    return min(side, ceil(side / parts) + overlap * min(parts - 1, 2))
