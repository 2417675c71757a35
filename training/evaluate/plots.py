"""Figures of matplotlib that look alike, whatever they show."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of ``width`` x ``height`` inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def finish(figure: "Figure", panels: "Sequence[Axes]", path: Path) -> Path:
    """Give each of the ``panels`` a grid and a legend, and write the figure. Returns ``path``."""
    for axes in panels:
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    figure.savefig(path, dpi=100, metadata={"Software": None})
    return path
