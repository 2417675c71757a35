"""The plots of a report: training curves, PSNR with the 30 dB line, and histograms."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.evaluate.plots import finish, new_figure
from training.report.subject import Subject

ACCEPTABLE = 30.0  # dB; a source report takes a result for acceptable from there
_LOSSES = {"loss": ("-", "training"), "validation_loss": ("--", "validation")}
_LONG = 14  # characters of a name that fit below two bars


def draw_curves(subjects: Sequence[Subject], path: Path) -> bool:
    """Draw loss and monitored PSNR by iteration. Returns False if no subject has a curve."""
    known = [each for each in subjects if each.curve]
    if not known:
        return False
    figure = new_figure(10, 3.6)
    losses, quality = figure.subplots(1, 2)
    for number, subject in enumerate(known):
        steps, color = subject.curve["iteration"], f"C{number}"
        for column, (style, _) in _LOSSES.items():
            if column in subject.curve:
                losses.plot(steps, subject.curve[column], style, color=color)
        quality.plot(steps, subject.curve["monitor_psnr"], color=color, label=subject.name)
    for style, label in _LOSSES.values():  # the colors are those of the other legend
        losses.plot([], [], style, color="gray", label=label)
    losses.set(xlabel="iteration", ylabel="loss", yscale="log")
    quality.set(xlabel="iteration", ylabel="monitored PSNR (dB)")
    finish(figure, (losses, quality), path)
    return True


def draw_psnr(subjects: Sequence[Subject], path: Path) -> None:
    """Draw the PSNR of bicubic and of each network, and the line of an acceptable result."""
    figure = new_figure(max(4, 1.5 + 1.3 * len(subjects)), 3.6)
    axes = figure.subplots()
    places = np.arange(len(subjects))
    bars = {
        "bicubic": [each.result.bicubic_means["psnr"] for each in subjects],
        "network": [each.result.means["psnr"] for each in subjects],
    }
    for number, (label, values) in enumerate(bars.items()):
        drawn = axes.bar(places + 0.38 * (number - 0.5), values, 0.36, label=label)
        axes.bar_label(drawn, fmt="%.2f", fontsize="small")
    axes.axhline(ACCEPTABLE, color="tab:red", linestyle="--", label=f"{ACCEPTABLE:g} dB")
    axes.set_xticks(places, [_in_lines(each.name) for each in subjects])
    lowest = min(ACCEPTABLE, *bars["bicubic"], *bars["network"])
    axes.set_ylim(bottom=max(0, lowest - 3))
    axes.set(ylabel=f"PSNR on {subjects[0].result.name} (dB)")
    finish(figure, (axes,), path)


def _in_lines(name: str) -> str:
    return name.replace("_", "_\n", 1) if len(name) > _LONG else name


def draw_histograms(subjects: Sequence[Subject], path: Path) -> None:
    """Draw how often each level occurs in all shown pictures, SR beside HR, for each network."""
    figure = new_figure(7, 0.6 + 2 * len(subjects))
    panels = figure.subplots(len(subjects), 1, squeeze=False, sharex=True)[:, 0]
    for axes, subject in zip(panels, subjects, strict=True):
        for label in ("hr", "sr"):
            pixels = [getattr(row, label).ravel() for row in subject.rows.values()]
            share = np.bincount(np.concatenate(pixels), minlength=256)
            axes.step(range(256), share / share.sum() * 100, where="mid", label=label.upper())
        # Black and white may be a tenth of all values, which would flatten all other levels.
        axes.set(ylabel="% of values", title=subject.name, yscale="log")
    panels[-1].set(xlabel="level, all channels")
    finish(figure, list(panels), path)
