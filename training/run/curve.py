"""The curve of a run: PSNR and loss by iteration."""

import csv
from pathlib import Path


def draw_curve(metrics: Path, path: Path, title: str) -> None:
    """Plot the monitored PSNR-Y and the loss of a run's ``metrics.csv`` as a small PNG."""
    from matplotlib.figure import Figure

    with metrics.open(newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    steps = [row["iteration"] for row in rows]
    figure = Figure(figsize=(6, 3), layout="constrained")
    quality = figure.subplots()
    quality.plot(steps, [row["monitor_psnr"] for row in rows], color="tab:blue")
    quality.set(xlabel="iteration", ylabel="monitored PSNR-Y (dB)", title=title)
    quality.grid(alpha=0.3)
    loss = quality.twinx()
    loss.plot(steps, [row["loss"] for row in rows], color="tab:gray", alpha=0.5)
    loss.set(ylabel="loss", yscale="log")
    figure.savefig(path, dpi=80, metadata={"Software": None})
