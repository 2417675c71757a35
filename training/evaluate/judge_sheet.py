"""Contact sheets of judged networks: a row for each picture, a column for each network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sr_batch.bench.contact_sheet import Group, Panel, draw
from training.evaluate.judge_pictures import KINDS
from training.evaluate.photo_judge import Verdict

_CROP, _ZOOM = 160, 2
_WIDEST = 1 << 16  # a picture has one row, however many networks are judged


def draw_sheets(verdicts: Sequence[Verdict], folder: Path) -> list[Path]:
    """Write ``judge_KIND.png`` for every kind: the middle of each picture, twice as large."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind in KINDS:
        groups = _groups([verdict for verdict in verdicts if verdict.case.kind == kind])
        if groups:
            paths.append(folder / f"judge_{kind}.png")
            Image.fromarray(draw(groups, _WIDEST)).save(paths[-1])
    return paths


def _groups(verdicts: Sequence[Verdict]) -> list[Group]:
    """A group for each picture, with the original last."""
    panels: dict[str, list[Panel]] = {}
    for verdict in verdicts:
        panel = Panel(verdict.candidate, _enlarged(verdict.sr), _marks(verdict))
        panels.setdefault(verdict.case.name, []).append(panel)
    originals = {v.case.name: v.case.hr for v in verdicts if v.case.hr is not None}
    for name, hr in originals.items():
        panels[name].append(Panel("original", _enlarged(hr)))
    kinds = {verdict.case.name: KINDS[verdict.case.kind] for verdict in verdicts}
    return [Group(row, f"{name}: {kinds[name]}") for name, row in panels.items()]


def _marks(verdict: Verdict) -> str:
    marks = verdict.marks
    distance = f"distance {marks['distance']:.3f}, " if "distance" in marks else ""
    niqe = f", NIQE {marks['niqe']:.1f}" if "niqe" in marks else ""
    return f"{distance}PIQE {marks['piqe']:.0f}{niqe}"


def _enlarged(pixels: np.ndarray) -> np.ndarray:
    """The middle of ``pixels``, or all of it where it is smaller, enlarged by repeating."""
    top, left = (max(0, (length - _CROP) // 2) for length in pixels.shape[:2])
    crop = pixels[top : top + _CROP, left : left + _CROP]
    return crop.repeat(_ZOOM, 0).repeat(_ZOOM, 1)
