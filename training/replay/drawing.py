"""The figures of a replay, each smaller than 200 kB."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from training.replay.chain import Outcome
from training.report import figures
from training.report.pictures import Crop, draw_side_by_side, draw_triples
from training.report.subject import Subject

LARGEST = 200_000  # bytes of a figure
_QUALITIES = (85, 70, 55, 40, 25)
_ROWS = 3  # pictures in one figure


def draw_plots(outcome: Outcome, folder: Path) -> None:
    """Draw ``psnr.png``, ``curves.png`` and ``histograms.png`` in ``folder``."""
    figures.draw_psnr(outcome.subjects, folder / "psnr.png")
    figures.draw_curves(outcome.subjects, folder / "curves.png")
    figures.draw_histograms(outcome.subjects, folder / "histograms.png")


def draw_pictures(outcome: Outcome, folder: Path) -> Iterator[tuple[str, str]]:
    """Draw LR, SR and HR by each network of the report, and all networks side by side.

    Yields:
        What a figure shows, and the name of its file in ``folder``.
    """
    crop = Crop()
    with tempfile.TemporaryDirectory() as scratch:
        png = Path(scratch) / "figure.png"
        first = [_with(each, list(each.rows)[:_ROWS]) for each in outcome.subjects]
        draw_side_by_side(first, crop, png)
        _save_small(png, folder / "side_by_side.jpg")
        yield "all networks", "side_by_side.jpg"
        for subject in outcome.subjects[:-1]:
            names = list(subject.rows)
            for at in range(0, len(names), _ROWS):
                name = f"{subject.name}_{at // _ROWS + 1}.jpg"
                draw_triples(_with(subject, names[at : at + _ROWS]), crop, png)
                _save_small(png, folder / name)
                yield f"LR, SR and HR of {subject.name}", name


def _with(subject: Subject, names: Sequence[str]) -> Subject:
    """``subject`` with only the pictures ``names`` drawn."""
    return replace(subject, rows={name: subject.rows[name] for name in names})


def _save_small(png: Path, path: Path) -> None:
    """Save ``png`` as JPEG with the best quality that keeps it small."""
    with Image.open(png) as picture:
        for quality in _QUALITIES:
            picture.save(path, quality=quality)
            if path.stat().st_size <= LARGEST:
                return
