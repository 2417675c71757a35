"""The measurements as a table: for a terminal, and as a page in Markdown."""

from collections.abc import Iterable, Sequence

from sr_batch.bench.measurement import Measurement
from sr_batch.bench.quality import PROTOCOL
from sr_batch.bench.report import Report

Cells = tuple[str, ...]

HEAD: Cells = (
    "NETWORK",
    "SET",
    "BICUBIC",
    "QUALITY",
    "GAIN",
    "CONTRACT",
    "PARITY",
    "TILES",
    "SPEED",
    "MEMORY",
    "START",
)
LEGEND = (
    f"{PROTOCOL}. Gain: dB over bicubic. Contract: PSNR that the file claims for that set. Parity:"
    " largest difference from torch's output, whose values range from 0 to 1. Tiles: samples that"
    " tiling changes. Speed: LR pixels per second of one thread, as a multiple of the reference"
    " network's in the same run. Memory: what a process grows by. Start: time until a network is"
    " ready, on this machine."
)


def cells(row: Measurement) -> list[Cells]:
    """A line for each set of pictures; the first line has the other figures, too."""
    tiles = f"{row.seam.changed} of {row.seam.samples}" if row.seam.changed else "none"
    memory = "-" if row.memory is None else f"{row.memory / 2**20:.0f} MiB"
    rest = (f"{row.parity:.0e}", tiles, f"{row.speed:.3f}", memory, f"{row.start * 1e3:.0f} ms")
    lines = []
    for number, (name, judged) in enumerate(row.quality.items()):
        claim = f"{row.claims[name]:.2f}" if name in row.claims else "-"
        figures = (str(judged.bicubic), str(judged.network), f"{judged.gain:+.2f}", claim)
        lines.append(
            ("" if number else row.name, name, *figures, *(("",) * len(rest) if number else rest))
        )
    return lines


def page(report: Report, chart: str, faults: Iterable[str]) -> str:
    """The whole report in Markdown; ``chart`` is the name of the chart's file beside it."""
    where = ", ".join(f"{key} {value}" for key, value in report.where.items())
    rows = [line for row in report.rows.values() for line in cells(row)]
    found = [f"- {fault}" for fault in faults] or ["No problems, and no regressions."]
    parts = [
        "# Measurements of the exported networks",
        f"Measured on {where}.",
        "\n".join(found),
        _markdown([HEAD, ("---",) * len(HEAD), *rows]),
        LEGEND,
        f"![quality against time]({chart})",
    ]
    return "\n\n".join(parts) + "\n"


def _markdown(lines: Sequence[Cells]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
