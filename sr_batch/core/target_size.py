"""How large an image shall become: a factor, or a size that people think in."""

from dataclasses import dataclass
from math import sqrt

from sr_batch.core.errors import ImageTooLarge
from sr_batch.core.geometry import Size

MAX_SCALE = 64.0
_USUAL = 2.0


@dataclass(frozen=True)
class Goal:
    """What the size of every image becomes; its proportions stay.

    Attributes:
        scale: Output side / input side; 2 where nothing is given.
        width: Pixels; with ``height`` the box that the output fits into.
        height: Pixels.
        long_edge: Pixels of the longer side.
        short_edge: Pixels of the shorter side.
        megapixels: Of the output.
        only_if_smaller: Images that are as large already stay as they are.
    """

    scale: float | None = None
    width: int | None = None
    height: int | None = None
    long_edge: int | None = None
    short_edge: int | None = None
    megapixels: float | None = None
    only_if_smaller: bool = False

    @property
    def fixed(self) -> float | None:
        """The factor of all images; None where it depends on their size."""
        return None if self._sides() else self.scale or _USUAL

    @property
    def tag(self) -> str:
        """For names: ``x2``, or ``long3000``."""
        if self.fixed:
            return f"x{self.fixed:g}"
        return "".join(f"{name}{value:g}" for name, value in self._sides().items())

    def factor(self, size: Size) -> float:
        """Output side / input side of an image of ``size``.

        Raises:
            ImageTooLarge: it would be over 64.
        """
        factor = self.fixed or self._factor(size)
        if factor > MAX_SCALE:
            raise ImageTooLarge(
                f"{size} is too small for that: {factor:.0f} times is over the limit of"
                f" {MAX_SCALE:g}; ask for less"
            )
        return factor

    def size_of(self, size: Size) -> Size:
        """What an image of ``size`` becomes. Raises as :meth:`factor` does."""
        return size * self.factor(size)

    def leaves(self, size: Size) -> bool:
        """Whether an image of ``size`` stays as it is."""
        return self.only_if_smaller and self.factor(size) <= 1

    def _factor(self, size: Size) -> float:
        long, short = max(size.width, size.height), min(size.width, size.height)
        factors = {
            "w": (self.width or 0) / size.width,
            "h": (self.height or 0) / size.height,
            "long": (self.long_edge or 0) / long,
            "short": (self.short_edge or 0) / short,
            "mp": sqrt((self.megapixels or 0) * 1e6 / size.pixels),
        }
        factor = min(factors[name] for name in self._sides())
        return max(1.0, factor) if self.only_if_smaller else factor

    def _sides(self) -> dict[str, float]:
        """What was asked for besides a factor."""
        asked = {
            "w": self.width,
            "h": self.height,
            "long": self.long_edge,
            "short": self.short_edge,
            "mp": self.megapixels,
        }
        return {name: value for name, value in asked.items() if value is not None}
