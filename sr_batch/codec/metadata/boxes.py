"""Boxes in a picture that turn with it, for EXIF and XMP."""

from collections.abc import Callable

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as fractions of the picture."""


def turned(box: Box, orientation: int) -> Box:
    """``box`` of the stored picture in the upright one."""
    left, top, right, bottom = box
    turns: dict[int, Callable[[float, float], tuple[float, float]]] = {
        2: lambda x, y: (1 - x, y),
        3: lambda x, y: (1 - x, 1 - y),
        4: lambda x, y: (x, 1 - y),
        5: lambda x, y: (y, x),
        6: lambda x, y: (1 - y, x),
        7: lambda x, y: (1 - y, 1 - x),
        8: lambda x, y: (y, 1 - x),
    }
    turn = turns[orientation]
    (x, y), (other_x, other_y) = turn(left, top), turn(right, bottom)
    return min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y)
