"""A contact sheet: bicubic, the network and the original, where bicubic is worst."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from sr_batch.imaging.metrics import psnr
from sr_batch.inference.session import Session
from training.data.pictures import read_rgb, to_color
from training.evaluate.protocol import DEFAULT, Protocol
from training.evaluate.restore import Row, compare

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "photos").glob("*.jpg"))
_CROP, _ZOOM, _GAP, _LINE = 72, 3, 8, 18
_PANEL = _CROP * _ZOOM


def draw(
    photographs: Sequence[Path], session: Session, path: Path, protocol: Protocol = DEFAULT
) -> None:
    """Write the sheet of ``photographs``, which are HR, to ``path``; ``protocol`` makes their LR.

    Each row shows the photograph with a frame, then the content of the frame by bicubic, by the
    network and in the original, with their PSNR-Y over the whole photograph.
    """
    rows = [compare(read_rgb(photograph), session, protocol) for photograph in photographs]
    height = _PANEL + _LINE + _GAP
    sheet = Pillow.new("RGB", (4 * (_PANEL + _GAP), height * len(rows)), "white")
    for number, row in enumerate(rows):
        for column, (label, panel) in enumerate(_panels(row, session).items()):
            left, top = column * (_PANEL + _GAP), number * height
            sheet.paste(panel, (left, top + _LINE))
            font = ImageFont.load_default(12)
            ImageDraw.Draw(sheet).text((left + 2, top + 2), label, "black", font)
    sheet.save(path, quality=88)


def hardest(row: Row, side: int) -> tuple[int, int]:
    """Top and left of the square of ``side`` pixels in which bicubic has the largest error."""
    error = np.square(row.bicubic.astype(np.float64) - row.hr).mean(axis=2)
    table = np.pad(error.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = table[side:, side:] - table[:-side, side:] - table[side:, :-side] + table[:-side, :-side]
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    return int(top), int(left)


def _panels(row: Row, session: Session) -> dict[str, Pillow.Image]:
    spec = session.spec
    top, left = hardest(row, min(_CROP, *row.hr.shape[:2]))
    box = (left, top, left + _CROP, top + _CROP)
    return {
        "in this frame": _framed(row.hr, box),
        f"bicubic x{spec.scale} {_psnr_y(row.bicubic, row):.2f} dB": _zoomed(row.bicubic, box),
        f"{spec.name} x{spec.scale} {_psnr_y(row.sr, row):.2f} dB": _zoomed(row.sr, box),
        "original": _zoomed(row.hr, box),
    }


def _framed(pixels: np.ndarray, box: tuple[int, int, int, int]) -> Pillow.Image:
    picture = Pillow.fromarray(pixels)
    ImageDraw.Draw(picture).rectangle(box, outline="cyan", width=3)
    picture.thumbnail((_PANEL, _PANEL))
    return picture


def _zoomed(pixels: np.ndarray, box: tuple[int, int, int, int]) -> Pillow.Image:
    return Pillow.fromarray(pixels).crop(box).resize((_PANEL, _PANEL), Pillow.Resampling.NEAREST)


def _psnr_y(sr: np.ndarray, row: Row) -> float:
    return psnr(to_color(sr, "y")[..., 0], to_color(row.hr, "y")[..., 0], border=4)
