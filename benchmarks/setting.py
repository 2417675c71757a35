"""What every case takes and returns."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """How to run a case.

    Attributes:
        folder: An empty folder to work in.
        photos: A folder of JPEGs to measure with.
        threads: Threads of the tool and of what it is compared with.
        plots: Folder for plots; None draws none.
    """

    folder: Path
    photos: Path
    threads: int
    plots: Path | None = None


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        measure: What was measured.
        value: The result, with its unit.
        goal: What the value should be; empty if there is no goal.
        reached: Whether it reaches the goal.
    """

    measure: str
    value: str
    goal: str
    reached: bool
