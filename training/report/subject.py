"""What a report is about: a network, its curve and its figures on a set of pictures."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.evaluate.measured import Measured, SetResult
from training.evaluate.restore import Row
from training.models import MODELS
from training.models.about import About
from training.run.networks import Opened
from training.run.places import Places

Curve = Mapping[str, Sequence[float]]
"""Column of ``metrics.csv`` -> its values."""


@dataclass(frozen=True)
class Subject:
    """One network of a report.

    Attributes:
        opened: The network.
        curve: How its run went; empty if that is not known.
        result: Its figures on the set.
        rows: Name of a picture -> LR, bicubic, SR and HR, for the pictures that are drawn.
        others: PSNR of the drawn pictures that are not in the set.
    """

    opened: Opened
    curve: Curve
    result: SetResult
    rows: Mapping[str, Row]
    others: Sequence[Measured] = ()

    @property
    def name(self) -> str:
        """Its name in tables and files."""
        return self.opened.name

    @property
    def about(self) -> About | None:
        """What the source says of such networks."""
        entry = MODELS.get(self.opened.session.spec.arch)
        return entry.about if entry else None


def read_curve(text: str, places: Places) -> Curve:
    """The ``metrics.csv`` of a run folder or of a recipe, or an empty curve if there is none."""
    name = Path(text).name
    kept = places.kept / f"{name}.csv"
    for path in (Path(text) / "metrics.csv", places.runs / name / "metrics.csv", kept):
        if path.is_file():
            return _columns(path)
    return {}


def _columns(path: Path) -> Curve:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = rows[0] if rows else ()
    return {name: [float(row[name] or "nan") for row in rows] for name in names}
