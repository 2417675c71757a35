"""Sizes, regions and tiles in whole pixels, with their arithmetic."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height

    def __mul__(self, factor: float) -> "Size":
        """Both sides times ``factor``, rounded half up, never below one pixel."""
        return Size(max(1, int(self.width * factor + 0.5)), max(1, int(self.height * factor + 0.5)))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class Region:
    """A rectangle of pixels; ``right`` and ``bottom`` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        return Size(self.right - self.left, self.bottom - self.top)

    @property
    def slices(self) -> tuple[slice, slice]:
        """(rows, columns) for an array whose first two axes are height and width."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def __mul__(self, scale: int) -> "Region":
        """The same rectangle in an image ``scale`` times larger."""
        return Region(self.left * scale, self.top * scale, self.right * scale, self.bottom * scale)

    def clamp(self, size: Size) -> "Region":
        """The part inside an image of ``size``."""
        return Region(
            max(self.left, 0),
            max(self.top, 0),
            min(self.right, size.width),
            min(self.bottom, size.height),
        )

    def relative_to(self, other: "Region") -> "Region":
        """The same pixels in coordinates whose origin is ``other``'s top left corner."""
        return Region(
            self.left - other.left,
            self.top - other.top,
            self.right - other.left,
            self.bottom - other.top,
        )


@dataclass(frozen=True)
class Tile:
    """One call of the network: it gets ``window``, and only ``core`` of its result is kept."""

    core: Region
    window: Region
