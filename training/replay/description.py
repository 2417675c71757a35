"""What is known of a report, and how it is replayed. `student_reports` holds one for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch.core.errors import UsageError
from training.data.sources import Data, Source
from training.evaluate.protocol import Protocol


@dataclass(frozen=True)
class Claim:
    """One row of figures in a report.

    Attributes:
        network: The network, as the report calls it.
        figures: PSNR, SSIM and others, as the report prints them.
        recipe: The recipe that repeats it; empty if none does.
        ours: Name of the exported network of the same kind; empty if there is none.
    """

    network: str
    figures: str
    recipe: str = ""
    ours: str = ""


@dataclass(frozen=True)
class Pictures:
    """Pictures that a replay can use.

    Attributes:
        data: Those of the training, and the split.
        text: What they are, for the page.
        judged: Folders below the data folder that networks are measured on. Empty takes the
            pictures that the split leaves.
        most: Number of pictures that are measured, the first ones; 0 for all.
        is_stand_in: Whether the report had other pictures.
    """

    data: Data
    text: str
    judged: tuple[str, ...] = ()
    most: int = 0
    is_stand_in: bool = False

    @property
    def folders(self) -> list[str]:
        """All folders that it needs below the data folder."""
        named = (each.hr for each in (*self.data.train, *self.data.validation))
        return list(dict.fromkeys((*named, *self.judged)))


ANY = Pictures(
    Data((Source("."),), split=(0.8, 0.1)),
    "all pictures of the data folder: 80 % for training, 10 % for validation, the rest is measured",
    is_stand_in=True,
)


@dataclass(frozen=True)
class Line:
    """The PSNR from which a result is acceptable: ``decibels``, or None for that of bicubic."""

    text: str
    decibels: float | None = None


@dataclass(frozen=True)
class Report:
    """A report and its replay.

    Attributes:
        letter: Its name.
        title: What it built.
        settings: What it did, in a few sentences.
        claims: Its figures.
        recipes: Recipes that repeat its networks, all of one scale.
        pictures: What it can be replayed on. The first whose folders exist is taken.
        protocol: How networks are compared. The degradation is that of the recipes.
        metrics: Names of the figures that are measured; ``psnr`` and ``ssim`` are among them.
        line: What an acceptable result is.
        best: Name of the best exported network of that scale.
        reasons: Why the figures differ.
        small: Fields of the networks that a short run changes, because it could not train them.
        captions: PSNR of single pictures in the report, in dB, before and after its network.
    """

    letter: str
    title: str
    settings: str
    claims: tuple[Claim, ...]
    recipes: tuple[str, ...]
    pictures: tuple[Pictures, ...]
    line: Line
    best: str
    reasons: tuple[str, ...]
    protocol: Protocol = field(default_factory=Protocol)
    metrics: tuple[str, ...] = ("psnr", "ssim")
    small: Mapping[str, object] = field(default_factory=dict)
    captions: tuple[tuple[float, float], ...] = ()


def exported_of(report: Report) -> list[str]:
    """Names of the exported networks that are measured, the best one last."""
    kinds = (claim.ours for claim in report.claims if claim.ours != report.best)
    return [*filter(None, dict.fromkeys(kinds)), report.best]


def pictures_of(report: Report, folder: Path) -> Pictures:
    """What ``report`` is replayed on: its own pictures if ``folder`` has them, else a stand-in.

    Raises:
        UsageError: ``folder`` is not a folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: is not a folder; --data names the folder with the pictures")
    for choice in report.pictures:
        if all((folder / name).is_dir() for name in choice.folders):
            return choice
    return ANY
