"""The figures of a replay, each smaller than 200 kB, and together smaller than 600 kB."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from PIL import Image

from training.replay.chain import Outcome
from training.report import figures
from training.report.pictures import Crop, draw_side_by_side, draw_triples
from training.report.subject import Subject

LARGEST = 200_000  # bytes of a figure
_TRIPLES = 4  # on a page, whatever the number of networks; at least one for each
_PANELS = 16  # of all networks side by side
_QUALITIES = (85, 70, 55, 40, 25)
_CROPS = {  # a face, an eye and a spoon
    "astronaut": Crop(96, 180, 60),
    "chelsea": Crop(96, 120, 70),
    "coffee": Crop(96, 320, 235),
}


def draw_plots(outcome: Outcome, folder: Path) -> None:
    """Draw ``psnr.png``, ``curves.png`` and ``histograms.png`` in ``folder``."""
    figures.draw_psnr(outcome.subjects, folder / "psnr.png")
    # Other curves are of other pictures, and of other lengths.
    figures.draw_curves(outcome.replayed, folder / "curves.png")
    figures.draw_histograms([*outcome.replayed, outcome.best], folder / "histograms.png")


def draw_pictures(outcome: Outcome, folder: Path) -> Iterator[tuple[str, str]]:
    """Draw LR, SR and HR by each network of the report, and all networks side by side.

    The more networks, the fewer pictures.

    Yields:
        What a figure shows, and the name of its file in ``folder``.
    """
    with tempfile.TemporaryDirectory() as scratch:
        png = Path(scratch) / "figure.png"
        panels = len(outcome.subjects) + 2  # bicubic and the original
        draw_side_by_side(_with_few_rows(outcome.subjects, _PANELS // panels), _crop, png)
        _save_small(png, folder / "side_by_side.jpg")
        yield "all networks", "side_by_side.jpg"
        for subject in _with_few_rows(outcome.replayed, _TRIPLES // len(outcome.replayed)):
            draw_triples(subject, _crop, png)
            _save_small(png, folder / f"{subject.name}.jpg")
            yield f"LR, SR and HR of {subject.name}", f"{subject.name}.jpg"


def _with_few_rows(subjects: Sequence[Subject], count: int) -> list[Subject]:
    """``subjects`` with the first ``count`` pictures, and at least one."""
    return [replace(each, rows=dict(islice(each.rows.items(), max(1, count)))) for each in subjects]


def _crop(picture: str) -> Crop:
    return _CROPS.get(picture, Crop(96))


def _save_small(png: Path, path: Path) -> None:
    """Save ``png`` as JPEG with the best quality that keeps it small."""
    with Image.open(png) as picture:
        for quality in _QUALITIES:
            picture.save(path, quality=quality)
            if path.stat().st_size <= LARGEST:
                return
