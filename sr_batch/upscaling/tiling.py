"""Cutting an image into tiles: equal cores that cover it once, in windows that give context.

Windows are clamped to the image, never padded: at the border a tile sees what the whole image
would have shown it. All windows of an image have the same size: sizes that change make ONNX
Runtime's memory pool half as large again, and other providers prepare for each one.
"""

from itertools import count, pairwise, product
from math import ceil

from sr_batch.core.geometry import Region, Size, Tile
from sr_batch.core.model_spec import PIXEL_BYTES

# What the tiles in work may take together.
_MEMORY = 700 << 20
# Cores this many overlaps long cost a fifth more than no tiles at all; memory may not ask for
# smaller ones.
_CHEAP_OVERLAPS = 20
_SMALLEST = 64
# What a tile for every thread may cost.
_SHARING = 1.1
# A window of a fixed side is this many overlaps long at least, lest it be nothing but context.
_LEAST_OVERLAPS = 4


def plan_tiles(size: Size, core: int, overlap: int, multiple: int) -> tuple[Tile, ...]:
    """Cut an image of ``size`` into a balanced grid, row by row.

    Args:
        size: Of the image.
        core: Longest side of a core, 0 for a single tile. The cores' sides differ by one at most.
        overlap: Pixels of context on every side of a core, as far as the image goes.
        multiple: Windows start and end at multiples of this, or at the image's edge. Padded to it
            they have one size.
    """
    return split(Region(0, 0, size.width, size.height), size, core, overlap, multiple)


def plan_auto(
    size: Size, overlap: int, multiple: int, threads: int, pixel_bytes: int = PIXEL_BYTES
) -> tuple[Tile, ...]:
    """As :func:`plan_tiles`, with the grid that repeats the least context.

    It stays within a memory budget for ``threads`` tiles at once, whose pixels take so many bytes
    each, and has a tile for every thread if that costs little.
    """
    columns, rows = _cheapest_grid(size, overlap, threads, pixel_bytes)
    whole = Region(0, 0, size.width, size.height)
    return _cut(whole, size, columns, rows, overlap, multiple)


def plan_fixed(size: Size, window: int, overlap: int, multiple: int) -> tuple[Tile, ...]:
    """As :func:`plan_tiles`, with the fewest tiles whose windows all have one given size.

    Args:
        size: Of the image.
        window: Side of the windows, rounded up to ``multiple`` and to four overlaps; they are
            smaller only along a side of the image that is shorter, and cover that.
        overlap: As :func:`plan_tiles`.
        multiple: As :func:`plan_tiles`: padded to it the windows have exactly that size.
    """
    length = _up(max(window, _LEAST_OVERLAPS * max(overlap, multiple)), multiple)
    columns, rows = (
        next(
            parts
            for parts in count(ceil(side / length))
            if _longest(_needs(0, side, parts, side, overlap, multiple)) <= length
        )
        for side in (size.width, size.height)
    )
    whole = Region(0, 0, size.width, size.height)
    return _cut(whole, size, columns, rows, overlap, multiple, length)


def split(region: Region, size: Size, core: int, overlap: int, multiple: int) -> tuple[Tile, ...]:
    """Tiles for one ``region`` of an image of ``size``; the rest as :func:`plan_tiles`."""
    longest = core or max(size.width, size.height)
    columns, rows = ceil(region.size.width / longest), ceil(region.size.height / longest)
    return _cut(region, size, columns, rows, overlap, multiple)


def _cut(
    region: Region, size: Size, columns: int, rows: int, overlap: int, multiple: int, least: int = 0
) -> tuple[Tile, ...]:
    xs = _spans(region.left, region.right, columns, size.width, overlap, multiple, least)
    ys = _spans(region.top, region.bottom, rows, size.height, overlap, multiple, least)
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

    Windows are as long as the longest of them must be, and as ``least`` where the image is.
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
    """(core, what it has to see) of each part, from multiple to multiple."""
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


def _cheapest_grid(size: Size, overlap: int, threads: int, pixel_bytes: int) -> tuple[int, int]:
    """(columns, rows)."""
    budget = _MEMORY // (threads * pixel_bytes)
    limit = max(budget, (_CHEAP_OVERLAPS * overlap + _SMALLEST) ** 2)

    def window(grid: tuple[int, int]) -> int:
        columns, rows = grid
        return _length(size.width, columns, overlap) * _length(size.height, rows, overlap)

    def cost(grid: tuple[int, int]) -> int:
        return grid[0] * grid[1] * window(grid)

    grids = product(
        range(1, ceil(size.width / _SMALLEST) + 1), range(1, ceil(size.height / _SMALLEST) + 1)
    )
    fitting = [grid for grid in grids if window(grid) <= limit]
    shared = [
        grid
        for grid in fitting
        if grid[0] * grid[1] >= threads and cost(grid) <= _SHARING * size.pixels
    ]
    return min(shared or fitting, key=cost)


def _length(side: int, parts: int, overlap: int) -> int:
    """Of a window, when a ``side`` is cut into ``parts``."""
    return min(side, ceil(side / parts) + overlap * min(parts - 1, 2))
