"""How large an output becomes: by a factor, or to a size in pixels."""

from dataclasses import dataclass, field
from math import sqrt

from sr_batch.core.errors import ImageTooLarge
from sr_batch.core.geometry import Size
from sr_batch.core.option import Allowed, option

MAX_SCALE = 64.0
MAX_REQUESTED_SIDE = 10**6
DEFAULT_SCALE = 2.0

_SCALE = Allowed(f"above 0 and at most {MAX_SCALE:g}", lambda scale: 0 < scale <= MAX_SCALE)
_SIDE = Allowed(
    f"above 0 and at most {MAX_REQUESTED_SIDE}", lambda side: 0 < side <= MAX_REQUESTED_SIDE
)


@dataclass(frozen=True)
class Goal:
    """The size that every output gets. Proportions are kept.

    Recipes of outputs state the repr of a Goal: a field that is renamed or moved makes all
    existing outputs be made again.
    """

    scale: float | None = field(
        default=None,
        metadata=option(
            f"Factor, {_SCALE.text}; {DEFAULT_SCALE:g} if no size is given, 1 if the model does not"
            " enlarge.",
            "Size",
            "--scale",
            "-s",
            metavar="FACTOR",
            allowed=_SCALE,
            changes="pixels",
        ),
    )
    width: int | None = field(
        default=None,
        metadata=option(
            "Width in pixels; with --height, images fit into that box.",
            "Size",
            metavar="N",
            allowed=_SIDE,
            changes="pixels",
        ),
    )
    height: int | None = field(
        default=None,
        metadata=option("Height in pixels.", "Size", metavar="N", allowed=_SIDE, changes="pixels"),
    )
    long_edge: int | None = field(
        default=None,
        metadata=option(
            "Longer side in pixels.", "Size", metavar="N", allowed=_SIDE, changes="pixels"
        ),
    )
    short_edge: int | None = field(
        default=None,
        metadata=option(
            "Shorter side in pixels.", "Size", metavar="N", allowed=_SIDE, changes="pixels"
        ),
    )
    megapixels: float | None = field(
        default=None,
        metadata=option(
            "Millions of pixels.", "Size", metavar="N", allowed=_SIDE, changes="pixels"
        ),
    )
    only_if_smaller: bool = field(
        default=False,
        metadata=option("Skip images that are already that large.", "Size", changes="pixels"),
    )

    @property
    def fixed(self) -> float | None:
        """The factor of all images; None if it depends on their size."""
        return None if self._sides() else self.scale or DEFAULT_SCALE

    @property
    def tag(self) -> str:
        """The part of an output's name that states the size: ``x2``, or ``long3000``."""
        if self.fixed:
            return f"x{self.fixed:g}"
        return "".join(f"{name}{value:g}" for name, value in self._sides().items())

    def factor(self, size: Size) -> float:
        """Output side / input side of an image of ``size``.

        Raises:
            ImageTooLarge: the factor would be over 64.
        """
        factor = self.fixed or self._factor(size)
        if factor > MAX_SCALE:
            raise ImageTooLarge(
                f"{size} would have to be enlarged {factor:.0f} times, and the limit is"
                f" {MAX_SCALE:g}: choose a smaller size"
            )
        return factor

    def size_of(self, size: Size) -> Size:
        """The output size of an image of ``size``. Raises as :meth:`factor` does."""
        return size * self.factor(size)

    def leaves(self, size: Size) -> bool:
        """Whether an image of ``size`` is skipped, because it is large enough."""
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
        """The sizes that were chosen, by their short names."""
        sizes = {
            "w": self.width,
            "h": self.height,
            "long": self.long_edge,
            "short": self.short_edge,
            "mp": self.megapixels,
        }
        return {name: value for name, value in sizes.items() if value is not None}
