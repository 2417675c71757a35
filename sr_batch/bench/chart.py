"""The chart of a report: quality against time, with a dot for each network.

Networks of different scales do different tasks, so each scale has its own panel. No other module
uses matplotlib.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sr_batch.bench.measurement import Measurement
from sr_batch.bench.report import Report
from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip
from sr_batch.core.model_spec import Precision

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKS: dict[Precision, dict[str, Any]] = {
    "fp32": {"marker": "o", "color": "tab:blue", "s": 45, "zorder": 3},
    "fp16": {"marker": "o", "facecolors": "none", "edgecolors": "tab:orange", "s": 110},
    "int8": {"marker": "s", "color": "tab:green", "s": 45, "zorder": 3},
}
_TICKS = [digit * 10.0**power for power in range(-3, 5) for digit in (1, 2, 5)]


def require_library() -> None:
    """Raise UsageError, which says how to install it, if matplotlib is missing."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as fault:
        raise UsageError(
            f"--output: the chart needs matplotlib: {pip('install', 'matplotlib')}"
        ) from fault


def draw(report: Report) -> bytes:
    """Draw a PNG; it shows the quality on the first set of pictures."""
    from matplotlib.figure import Figure

    scales = sorted({row.scale for row in report.rows.values()})
    name = next(iter(report.sets))
    figure = Figure(figsize=(1 + 3.6 * len(scales), 4.4), layout="constrained")
    panels = figure.subplots(1, len(scales), squeeze=False, sharex=True, sharey=True)[0]
    for axes, scale in zip(panels, scales, strict=True):
        _draw_panel(axes, [row for row in report.rows.values() if row.scale == scale], name)
        axes.set_title(f"x{scale}")
    panels[0].set_ylabel(f"PSNR-Y over bicubic on {name}, dB")
    figure.supxlabel(
        "time for an LR pixel, as a multiple of the reference network's", size="medium"
    )
    file = io.BytesIO()
    figure.savefig(file, dpi=110, metadata={"Software": None})
    return file.getvalue()


def _draw_panel(axes: "Axes", rows: Sequence[Measurement], name: str) -> None:
    for precision, mark in _MARKS.items():
        shown = [row for row in rows if row.precision == precision]
        if shown:
            times, gains = zip(*(_position(row, name) for row in shown), strict=True)
            axes.scatter(times, gains, label=precision, **mark)
    for row in rows:
        if row.precision != "fp16":  # its ring surrounds the dot of its fp32 file
            label, offset = row.name.rsplit("_x", 1)[0], (0, 9 if row.precision == "fp32" else -17)
            at = _position(row, name)
            axes.annotate(label, at, offset, textcoords="offset points", ha="center")
    _format_axes(axes)


def _position(row: Measurement, name: str) -> tuple[float, float]:
    """(time for an LR pixel, gain in dB) on the set ``name``."""
    return 1 / row.speed, row.quality[name].gain


def _format_axes(axes: "Axes") -> None:
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(_TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.margins(0.15)
    axes.grid(alpha=0.3)
    axes.legend(loc="best")
