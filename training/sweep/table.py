"""The table of a sweep, as Markdown and CSV."""

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.sweep.plan import Sweep
from training.sweep.result import Result
from training.sweep.space import value_text

MARKDOWN, CSV = "sweep.md", "sweep.csv"

_OWN = {
    "model",
    "lr",
    "model_options.channels",
    "model_options.blocks",
    "stages.batch",
    "stages.0.batch",
}
_SETTINGS: Mapping[str, Callable[[Result], Any]] = {
    "channels": lambda each: each.option("channels"),
    "lr": lambda each: each.recipe.lr,
    "blocks": lambda each: each.option("blocks"),
    "batch": lambda each: each.recipe.stages[0].batch,
}
_FIGURES = {
    "train MSE": ("training_mse", ".5f"),
    "val MSE": ("validation_mse", ".5f"),
    "PSNR": ("psnr", ".3f"),
    "SSIM": ("ssim", ".4f"),
}


def write(results: Sequence[Result], sweep: Sweep, folder: Path) -> list[Path]:
    """Write the table of ``results``, in their order, to ``folder``, as Markdown and as CSV."""
    (folder / MARKDOWN).write_text(markdown(results, sweep), encoding="utf-8")
    with (folder / CSV).open("w", encoding="utf-8", newline="") as file:
        rows = [_values(each, sweep) for each in results]
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return [folder / MARKDOWN, folder / CSV]


def markdown(results: Sequence[Result], sweep: Sweep) -> str:
    """The table as Markdown, with a line below it that says what the figures are."""
    rows = [_texts(each, sweep) for each in results]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        f"{table}\n\nSorted by {sweep.goal}. PSNR (dB) and SSIM are those of luma, the mean over "
        "the monitored pictures. MSE (values 0 to 1) is that of random training patches, and of "
        "the middle of the monitored pictures. Runtime includes reading the pictures, and the "
        "checkpoints.\n"
    )


def _values(each: Result, sweep: Sweep) -> dict[str, Any]:
    """Columns and plain values; what is not known is empty."""
    found = {name: each.figure(key) for name, (key, _) in _FIGURES.items()}
    return {
        "trial": each.number + 1,
        "state": each.state,
        "model": each.recipe.model,
        "runtime": round(each.seconds, 1),
        **{name: read(each) for name, read in _SETTINGS.items()},
        **{name: each.values[name] for name in sweep.space if name not in _OWN},
        "iterations": each.figures.get("iterations", ""),
        "parameters": each.figures.get("parameters", ""),
        **{name: "" if math.isnan(value) else value for name, value in found.items()},
    }


def _texts(each: Result, sweep: Sweep) -> dict[str, str]:
    values = _values(each, sweep) | {"runtime": duration(each.seconds)}
    return {name: _text(name, value) for name, value in values.items()}


def _text(name: str, value: Any) -> str:
    if value is None or value == "":
        return "-"
    return format(value, _FIGURES[name][1]) if name in _FIGURES else value_text(value)


def duration(seconds: float) -> str:
    """``1 h 43 min``, ``12 min`` or ``34 s``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
