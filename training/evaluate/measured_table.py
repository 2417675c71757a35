"""What was measured on sets of pictures: as a table, as CSV and as a plot."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from training.evaluate.measured import BICUBIC, SetResult, Values, text_of
from training.evaluate.metrics import METRICS

Cells = tuple[str, ...]


def table(results: Sequence[SetResult], each_picture: bool = False) -> str:
    """A row for each network and set below that of bicubic, in aligned columns.

    Args:
        results: At least one, all with the same metrics.
        each_picture: Whether every picture has a row, too.
    """
    names = list(results[0].means)
    head = ("network", "set", *(["picture"] if each_picture else []), *map(_title, names))
    rows = [head, *_rows(results, each_picture)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    texts = len(head) - len(names)
    lines = (
        "  ".join(
            cell.ljust(width) if column < texts else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def write_csv(results: Sequence[SetResult], path: Path) -> None:
    """Write a row for each picture of each set, for bicubic and for the networks."""
    names = list(results[0].means)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["network", "scale", "set", "picture", "lr", *names])
        for result in _with_bicubic(results):
            name, values_of_pictures = result
            for network, picture, values in values_of_pictures:
                scale, lr = name.scale, name.protocol.degradation
                writer.writerow([network, scale, name.name, picture, lr, *values.values()])


def draw_plot(results: Sequence[SetResult], path: Path) -> None:
    """Draw each picture's gain over bicubic by each network, a panel for each metric, as PNG."""
    from matplotlib.figure import Figure

    names = list(results[0].means)
    figure = Figure(figsize=(8, 1 + 2.4 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), 1, squeeze=False)[:, 0]
    for axes, name in zip(panels, names, strict=True):
        for result in results:
            gains = sorted(each.network[name] - each.bicubic[name] for each in result.pictures)
            axes.plot(range(1, len(gains) + 1), gains, ".-", label=_label(result))
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(ylabel=f"{_title(name)} over bicubic")
        axes.grid(alpha=0.3)
    panels[0].legend(fontsize="small")
    panels[-1].set(xlabel="pictures, from the smallest gain to the largest")
    figure.savefig(path, dpi=100, metadata={"Software": None})


def metrics_table() -> str:
    """All metrics in Markdown: direction, unit, range, channel and source."""
    head = ("metric", "better", "unit", "range", "channel", "source")
    rows = [head, ("---",) * len(head)]
    for name, metric in METRICS.items():
        low, high = (f"{limit:g}" for limit in metric.limits)
        unit, limits = metric.unit or "-", f"{low} to {high}"
        rows.append((name, metric.best, unit, limits, metric.channel, metric.source))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows(results: Sequence[SetResult], each_picture: bool) -> Iterator[Cells]:
    for result, rows in _with_bicubic(results):
        means = {BICUBIC: result.bicubic_means, result.network: result.means}
        for network in dict.fromkeys(network for network, _, _ in rows):
            name = f"{network} x{result.scale}" if network == BICUBIC else network
            if each_picture:
                for found, picture, values in rows:
                    if found == network:
                        yield (name, result.name, picture, *_figures(values))
                yield (name, result.name, "mean", *_figures(means[network]))
            else:
                yield (name, result.name, *_figures(means[network]))


Rows = list[tuple[str, str, Values]]
"""Network, picture and its figures."""


def _with_bicubic(results: Iterable[SetResult]) -> Iterator[tuple[SetResult, Rows]]:
    """Each result with its rows. Bicubic comes once for each set, scale and protocol."""
    seen = set()
    for result in results:
        key = (result.name, result.scale, result.protocol)
        rows: Rows = []
        if key not in seen:
            rows = [(BICUBIC, each.picture, each.bicubic) for each in result.pictures]
        seen.add(key)
        yield (
            result,
            rows + [(result.network, each.picture, each.network) for each in result.pictures],
        )


def _title(name: str) -> str:
    unit = METRICS[name].unit
    return f"{name} ({unit})" if unit else name


def _label(result: SetResult) -> str:
    return f"{result.network}, {result.name}"


def _figures(values: Values) -> Cells:
    return tuple(text_of(name, value) for name, value in values.items())
