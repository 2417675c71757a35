"""What every case is given, and what it gives."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """Where to work, on what, with how many threads, and where plots go, if anywhere."""

    folder: Path
    photos: Path
    threads: int
    plots: Path | None = None


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    measure: str
    value: str
    goal: str
    reached: bool
