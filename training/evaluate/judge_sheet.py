"""Contact sheets of judged networks: a row for each picture, a column for each network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.evaluate.judge_pictures import KINDS
from training.evaluate.photo_judge import Verdict

_CROP, _ZOOM, _GAP, _LINE = 160, 2, 6, 18
_PANEL = _CROP * _ZOOM


def draw_sheets(verdicts: Sequence[Verdict], folder: Path) -> list[Path]:
    """Write ``judge_KIND.png`` for every kind: the middle of each picture, twice as large."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind in KINDS:
        rows = _rows([verdict for verdict in verdicts if verdict.case.kind == kind])
        if rows:
            paths.append(folder / f"judge_{kind}.png")
            _draw(rows, f"{kind}: {KINDS[kind]}").save(paths[-1])
    return paths


def _rows(verdicts: Sequence[Verdict]) -> list[dict[str, np.ndarray]]:
    """For each picture: label -> pixels, the original last."""
    rows: dict[str, dict[str, np.ndarray]] = {}
    originals = {v.case.name: v.case.hr for v in verdicts if v.case.hr is not None}
    for verdict in verdicts:
        marks = verdict.marks
        detail = f"{marks['distance']:.3f} " if "distance" in marks else ""
        label = f"{verdict.candidate[:30]} {detail}{marks['piqe']:.0f}"
        rows.setdefault(verdict.case.name, {})[label] = verdict.sr
    return [
        row | ({f"original {name}": originals[name]} if name in originals else {})
        for name, row in rows.items()
    ]


def _draw(rows: Sequence[dict[str, np.ndarray]], title: str) -> Image.Image:
    columns, height = max(map(len, rows)), _PANEL + _LINE + _GAP
    sheet = Image.new("RGB", (columns * (_PANEL + _GAP), len(rows) * height + _LINE), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    pen.text((2, 2), f"{title} (perceptual distance, PIQE)", "black", font)
    for number, row in enumerate(rows):
        for column, (label, pixels) in enumerate(row.items()):
            left, top = column * (_PANEL + _GAP), _LINE + number * height
            pen.text((left + 2, top + 2), label, "black", font)
            sheet.paste(_panel(pixels), (left, top + _LINE))
    return sheet


def _panel(pixels: np.ndarray) -> Image.Image:
    """The middle of ``pixels``, or all of it where it is smaller, enlarged by repeating."""
    top, left = (max(0, (length - _CROP) // 2) for length in pixels.shape[:2])
    crop = pixels[top : top + _CROP, left : left + _CROP]
    size = (crop.shape[1] * _ZOOM, crop.shape[0] * _ZOOM)
    return Image.fromarray(crop).resize(size, Image.Resampling.NEAREST)
