"""Cutting an image into tiles: equal cores that cover it once, in windows that give context.

Windows are clamped to the image, never padded: at the border a tile sees what the whole image
would have shown it.
"""

from itertools import pairwise, product
from math import ceil

from sr_batch.geometry import Region, Size, Tile

# What the tiles in work may take together, and what one pixel of a window takes: EDSR holds four
# maps of 64 float32 channels at once and a little more, ESPCN half of it.
_MEMORY = 700 << 20
_BYTES_PER_PIXEL = 1280
# Cores this many overlaps long cost a fifth more than no tiles at all; memory may not ask for
# smaller ones.
_CHEAP_OVERLAPS = 20
_SMALLEST = 64
# What a tile for every thread may cost.
_SHARING = 1.1


def plan_tiles(size: Size, core: int, overlap: int, multiple: int) -> tuple[Tile, ...]:
    """Cut an image of ``size`` into a balanced grid, row by row.

    Args:
        size: Of the image.
        core: Longest side of a core, 0 for a single tile. The cores' sides differ by one at most.
        overlap: Pixels of context on every side of a core, as far as the image goes.
        multiple: Windows start and end at multiples of this, or at the image's edge.
    """
    return split(Region(0, 0, size.width, size.height), size, core, overlap, multiple)


def plan_auto(size: Size, overlap: int, multiple: int, threads: int) -> tuple[Tile, ...]:
    """As :func:`plan_tiles`, with the grid that repeats the least context.

    It stays within a memory budget for ``threads`` tiles at once, and has a tile for every thread
    if that costs little.
    """
    columns, rows = _cheapest_grid(size, overlap, threads)
    whole = Region(0, 0, size.width, size.height)
    return _cut(whole, size, columns, rows, overlap, multiple)


def split(region: Region, size: Size, core: int, overlap: int, multiple: int) -> tuple[Tile, ...]:
    """Tiles for one ``region`` of an image of ``size``; the rest as :func:`plan_tiles`."""
    longest = core or max(size.width, size.height)
    columns, rows = ceil(region.size.width / longest), ceil(region.size.height / longest)
    return _cut(region, size, columns, rows, overlap, multiple)


def _cut(
    region: Region, size: Size, columns: int, rows: int, overlap: int, multiple: int
) -> tuple[Tile, ...]:
    xs = _cuts(region.left, region.right, columns)
    ys = _cuts(region.top, region.bottom, rows)
    cores = [Region(x0, y0, x1, y1) for y0, y1 in ys for x0, x1 in xs]
    return tuple(Tile(core, _window(core, size, overlap, multiple)) for core in cores)


def _cuts(start: int, stop: int, parts: int) -> list[tuple[int, int]]:
    edges = [start + (stop - start) * i // parts for i in range(parts + 1)]
    return list(pairwise(edges))


def _window(core: Region, size: Size, overlap: int, multiple: int) -> Region:
    wide = core.grow(overlap).clamp(size)
    return Region(
        wide.left // multiple * multiple,
        wide.top // multiple * multiple,
        ceil(wide.right / multiple) * multiple,
        ceil(wide.bottom / multiple) * multiple,
    ).clamp(size)


def _cheapest_grid(size: Size, overlap: int, threads: int) -> tuple[int, int]:
    """(columns, rows)."""
    budget = _MEMORY // (threads * _BYTES_PER_PIXEL)
    limit = max(budget, (_CHEAP_OVERLAPS * overlap + _SMALLEST) ** 2)

    def largest_window(grid: tuple[int, int]) -> int:
        columns, rows = grid
        return _longest(size.width, columns, overlap) * _longest(size.height, rows, overlap)

    def cost(grid: tuple[int, int]) -> int:
        columns, rows = grid
        across = size.width + 2 * overlap * (columns - 1)
        down = size.height + 2 * overlap * (rows - 1)
        return across * down

    grids = product(
        range(1, ceil(size.width / _SMALLEST) + 1), range(1, ceil(size.height / _SMALLEST) + 1)
    )
    fitting = [grid for grid in grids if largest_window(grid) <= limit]
    shared = [
        grid
        for grid in fitting
        if grid[0] * grid[1] >= threads and cost(grid) <= _SHARING * size.pixels
    ]
    return min(shared or fitting, key=cost)


def _longest(side: int, parts: int, overlap: int) -> int:
    """Of the windows, when a ``side`` is cut into ``parts``."""
    return min(side, ceil(side / parts) + overlap * min(parts - 1, 2))
