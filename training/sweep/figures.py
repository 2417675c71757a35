"""The plots of a sweep: PSNR by channels, by depth and by network, and progress curves."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.evaluate.plots import finish, new_figure
from training.sweep.result import Result

_NAMED = 10  # curves in a legend, as there are ten colors


def draw_all(results: Sequence[Result], folder: Path) -> list[Path]:
    """Draw into ``folder`` the plots for which there are results. Returns their paths.

    Results that differ in other fields than those of a plot are drawn by the best one.
    """
    whole = [each for each in results if each.state == "complete"]
    sized = [each for each in whole if each.option("channels") and each.option("blocks")]
    written = [
        _against(sized, "channels", "blocks", folder / "psnr_by_channels.png"),
        _against(sized, "blocks", "channels", folder / "psnr_by_blocks.png"),
        _bars(sized, folder / "psnr_by_model.png"),
        _progress(results, folder / "progress.png"),
    ]
    return [path for path in written if path]


def best_psnr(results: Sequence[Result], **options: int) -> float:
    """The largest PSNR of those with these options of the network; NaN if there is none."""
    fitting = (
        each.figure("psnr")
        for each in results
        if all(each.option(name) == value for name, value in options.items())
    )
    return max(fitting, default=np.nan)


def _against(results: Sequence[Result], x: str, lines: str, path: Path) -> Path | None:
    """PSNR against the option ``x``, a line for each value of the option ``lines``."""
    places = _values(results, x)
    if len(places) < 2:
        return None
    models = _models(results)
    figure = new_figure(1 + 4.5 * len(models), 3.8)
    panels = figure.subplots(1, len(models), squeeze=False, sharey=True)[0]
    for axes, model in zip(panels, models, strict=True):
        own = [each for each in results if each.recipe.model == model]
        for value in _values(own, lines):
            line = [best_psnr(own, **{x: place, lines: value}) for place in places]
            known = [pair for pair in zip(places, line, strict=True) if not np.isnan(pair[1])]
            axes.plot(*zip(*known, strict=True), "o-", label=f"{lines} = {value}")
        axes.set(xlabel=x, title=model)
        axes.set_xticks(places)
    panels[0].set(ylabel="monitored PSNR-Y (dB)")
    return finish(figure, panels, path)


def _bars(results: Sequence[Result], path: Path) -> Path | None:
    """PSNR of each network, beside the others of the same blocks and channels."""
    models = _models(results)
    if len(models) < 2:
        return None
    sizes = sorted({(each.option("blocks"), each.option("channels")) for each in results})
    width, places = 0.8 / len(models), np.arange(len(sizes))
    figure = new_figure(max(5, 1.5 + 1.1 * len(sizes)), 3.8)
    axes = figure.subplots()
    for number, model in enumerate(models):
        own = [each for each in results if each.recipe.model == model]
        heights = [best_psnr(own, blocks=blocks, channels=channels) for blocks, channels in sizes]
        bars = axes.bar(places + width * (number - (len(models) - 1) / 2), heights, width)
        bars.set_label(model)
        axes.bar_label(bars, fmt="%.2f", fontsize="x-small")
    axes.set_xticks(places, [f"{blocks} blocks\n{channels} ch." for blocks, channels in sizes])
    found = [each.figure("psnr") for each in results]
    spread = max(max(found) - min(found), 0.1)
    axes.set_ylim(min(found) - spread / 2, max(found) + spread / 3)  # they differ by little
    axes.set(ylabel="monitored PSNR-Y (dB)")
    return finish(figure, [axes], path)


def _progress(results: Sequence[Result], path: Path) -> Path | None:
    """PSNR of every trial by iteration; pruned ones dashed."""
    figure = new_figure(8, 4.2)
    axes = figure.subplots()
    for number, each in enumerate(results):
        steps, psnr = _curve(path.parent / each.folder / "metrics.csv")
        style = "-" if each.state == "complete" else "--"
        label = f"trial {each.number + 1}" if number < _NAMED else None
        axes.plot(steps, psnr, style, marker=".", label=label)
    axes.set(xlabel="iteration", ylabel="monitored PSNR-Y (dB)")
    return finish(figure, [axes], path)


def _curve(metrics: Path) -> tuple[list[float], list[float]]:
    """Iterations and PSNR of ``metrics.csv``; nothing if a run has none."""
    if not metrics.exists():
        return [], []
    with metrics.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [float(row["iteration"]) for row in rows], [float(row["monitor_psnr"]) for row in rows]


def _models(results: Sequence[Result]) -> list[str]:
    return sorted({each.recipe.model for each in results})


def _values(results: Sequence[Result], option: str) -> list[int]:
    return sorted({each.option(option) for each in results})
