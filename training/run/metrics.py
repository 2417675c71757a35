"""``metrics.csv``, the table of a run: one row for each checkpoint."""

import csv
from collections.abc import Mapping
from pathlib import Path

_FILE = "metrics.csv"


def append(folder: Path, row: Mapping[str, float]) -> None:
    """Add ``row`` to the table in ``folder``; an older table keeps the columns that it has."""
    path = folder / _FILE
    is_new = not path.exists()
    columns = list(row) if is_new else path.read_text().partition("\n")[0].strip().split(",")
    with path.open("a", newline="") as file:
        table = csv.DictWriter(file, fieldnames=columns, extrasaction="ignore")
        if is_new:
            table.writeheader()
        table.writerow(row)


def forget_after(folder: Path, iteration: int) -> None:
    """Remove the rows after ``iteration``: their checkpoint was never saved, or is gone."""
    path = folder / _FILE
    if not path.exists():
        return
    header, *rows = path.read_text().splitlines(keepends=True)
    valid = [row for row in rows if int(row.partition(",")[0]) <= iteration]
    if len(valid) < len(rows):
        temporary = path.with_suffix(".tmp")
        temporary.write_text("".join([header, *valid]))
        temporary.replace(path)
