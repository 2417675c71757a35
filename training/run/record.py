"""The record of a run, ``run.json``: what ran and on which pictures, for cards and later commands.

A recipe says what was planned. A run may be shorter, have other settings or other pictures, or
change its recipe on the way.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from training.models import BadConfig
from training.recipes.fields import as_table, from_table
from training.recipes.recipe import Recipe
from training.run.run_data import RunData

_FILE = "run.json"


@dataclass(frozen=True)
class Pictures:
    """The training pictures of a run.

    Attributes:
        folders: Name of each folder -> the number of pictures in it.
        megapixels: The pixels of all pictures.
        tiles: The tiles that they are cut into; 0 if an older record does not say so.
    """

    folders: Mapping[str, int]
    megapixels: float
    tiles: int = 0

    @property
    def count(self) -> int:
        """The number of all pictures."""
        return sum(self.folders.values())

    def text(self) -> str:
        """Pictures, megapixels and folders, for cards and messages."""
        folders = ", ".join(f"{count} in {name}" for name, count in sorted(self.folders.items()))
        plural = "s" if self.count > 1 else ""
        return f"{self.count} picture{plural}, {self.megapixels:.3g} megapixels ({folders})"


@dataclass(frozen=True)
class Leg:
    """One start of a run: the iteration that it began at, the commit of the source, the recipe."""

    begin: int
    commit: str
    recipe: Recipe


@dataclass(frozen=True)
class Record:
    """What is known of a run.

    Attributes:
        legs: Its starts, the first one first.
        pictures: What it was trained on at its last start.
        iterations: Optimizer steps up to the last checkpoint.
        kept: The iteration whose weights count: the best one if the run stops early.
        ended: Why it ended; empty if it has not ended.
    """

    legs: tuple[Leg, ...]
    pictures: Pictures
    iterations: int = 0
    kept: int = 0
    ended: str = ""

    @property
    def recipe(self) -> Recipe:
        """The recipe of the last start."""
        return self.legs[-1].recipe


def pictures_of(pictures: RunData, scale: int) -> Pictures:
    """What a network of ``scale`` learns from ``pictures``."""
    folders = Counter(path.parent.name for path in pictures.files)
    pixels = sum(each.size.width * each.size.height for each in pictures.train)
    return Pictures(dict(folders), pixels / 1e6, pictures.tiles(scale))


def begin_leg(folder: Path, leg: Leg, pictures: Pictures) -> None:
    """Note in ``folder`` that the run starts, or resumes, as ``leg`` says."""
    old = read_record(folder / _FILE)
    earlier = [each for each in old.legs if each.begin < leg.begin] if old else []
    record = Record((*earlier, leg), pictures, leg.begin, leg.begin)
    _write(folder / _FILE, replace(record, kept=old.kept) if old and earlier else record)


def advance(folder: Path, iterations: int, kept: int, ended: str = "") -> None:
    """Note in ``folder`` how far the run came. Does nothing if no leg was begun there."""
    record = read_record(folder / _FILE)
    if record:
        _write(folder / _FILE, replace(record, iterations=iterations, kept=kept, ended=ended))


def find_record(name: str, runs: Path, kept: Path) -> Record | None:
    """The record of run ``name``: in its folder, else beside the weights that git keeps."""
    return read_record(runs / name / _FILE) or read_record(kept / f"{name}.json")


def read_record(path: Path) -> Record | None:
    """The record at ``path``, or None if there is none.

    Raises:
        BadConfig: it is damaged, or names a field that recipes do not have any more.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        legs = tuple(
            Leg(leg["begin"], leg["commit"], from_table(leg["recipe"])) for leg in table["legs"]
        )
        pictures = Pictures(**table["pictures"])
        return Record(legs, pictures, table["iterations"], table["kept"], table["ended"])
    except FileNotFoundError:
        return None
    except (BadConfig, KeyError, TypeError, ValueError) as error:
        raise BadConfig(f"{path}: is no valid record of a run ({error}); remove it") from error


def _write(path: Path, record: Record) -> None:
    legs = [
        {"begin": leg.begin, "commit": leg.commit, "recipe": as_table(leg.recipe)}
        for leg in record.legs
    ]
    table = {
        "legs": legs,
        "pictures": asdict(record.pictures),
        "iterations": record.iterations,
        "kept": record.kept,
        "ended": record.ended,
    }
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
