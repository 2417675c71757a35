"""Draws pictures side by side on one sheet, each with a label, to be compared by eye."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sr_batch.bench.quality import Levels

WIDEST = 2000

_GAP, _HEADING, _TITLE, _DETAIL = 10, 26, 22, 19  # pixels between cells, and of lines of text
_BLACK, _GRAY = "#111111", "#555555"


@dataclass(frozen=True)
class Panel:
    """One picture of a sheet.

    Attributes:
        title: What it is, in a few words.
        pixels: uint8 (H, W, 3), sRGB; drawn as they are.
        detail: A second line below the title; empty for none.
    """

    title: str
    pixels: Levels
    detail: str = ""


@dataclass(frozen=True)
class Group:
    """Pictures of one kind, which start a new row; ``heading`` may be empty."""

    panels: Sequence[Panel]
    heading: str = ""


class Place(NamedTuple):
    """Where the pixels of a panel are drawn on the sheet."""

    left: int
    top: int


@dataclass(frozen=True)
class Layout:
    """The size of a sheet, the places of each group's panels, and the tops of its heading."""

    width: int
    height: int
    places: tuple[tuple[Place, ...], ...]
    headings: tuple[int, ...]


def draw(groups: Sequence[Group], widest: int = WIDEST) -> Levels:
    """The sheet as uint8 (H, W, 3): the pixels of all panels, not resized, with their labels.

    Args:
        groups: At least one, with at least one panel each.
        widest: Rows are wrapped to this width. A single panel or label may exceed it.
    """
    layout = lay_out(groups, widest)
    sheet = Image.new("RGB", (layout.width, layout.height), "white")
    pen = ImageDraw.Draw(sheet)
    for group, places, top in zip(groups, layout.places, layout.headings, strict=True):
        heading = _shortened(group.heading, layout.width - 2 * _GAP)
        pen.text((_GAP, top), heading, _BLACK, _font(17))
        for panel, place in zip(group.panels, places, strict=True):
            line = place.top - _label_height([panel], _has_details(group))
            pen.text((place.left, line), _drawable(panel.title), _BLACK, _font(16))
            pen.text((place.left, line + _TITLE), _drawable(panel.detail), _GRAY, _font(14))
            sheet.paste(Image.fromarray(panel.pixels), place)
    return np.asarray(sheet)


def lay_out(groups: Sequence[Group], widest: int = WIDEST) -> Layout:
    """Where :func:`draw` puts everything.

    All columns are as wide as the widest panel or label. The panels of a group are spread evenly
    over as few rows as possible.
    """
    column = _GAP + max(_width(panel) for group in groups for panel in group.panels)
    most = max(1, (widest - _GAP) // column)
    top, columns = _GAP, 1
    places, headings = [], []
    for group in groups:
        headings.append(top)
        top += _HEADING if group.heading else 0
        rows = -(-len(group.panels) // most)
        across = -(-len(group.panels) // rows)
        label = _label_height(group.panels, _has_details(group))
        step = label + max(len(panel.pixels) for panel in group.panels) + _GAP
        places.append(
            tuple(
                Place(_GAP + number % across * column, top + number // across * step + label)
                for number in range(len(group.panels))
            )
        )
        top, columns = top + rows * step + _GAP, max(columns, across)
    return Layout(_GAP + columns * column, top - _GAP, tuple(places), tuple(headings))


def _has_details(group: Group) -> bool:
    return any(panel.detail for panel in group.panels)


def _label_height(panels: Sequence[Panel], with_details: bool) -> int:
    return (_TITLE if any(panel.title for panel in panels) else 0) + _DETAIL * with_details


def _width(panel: Panel) -> int:
    texts = (_length(panel.title, 16), _length(panel.detail, 14))
    width: int = panel.pixels.shape[1]
    return max(width, *texts)


def _length(text: str, size: int) -> int:
    return math.ceil(_font(size).getlength(_drawable(text)))


def _shortened(text: str, width: int) -> str:
    """``text``, without its end if it is longer than ``width`` pixels."""
    text = _drawable(text)
    if _length(text, 17) <= width:
        return text
    fitting = [end for end in range(len(text)) if _length(f"{text[:end]}...", 17) <= width]
    return f"{text[: max(fitting, default=0)]}..."


def _drawable(text: str) -> str:
    """``text`` in the letters of Pillow's own font, which are those of ASCII: e for an accented e.

    Other letters become question marks: the font would draw a box for each.
    """
    bare = [c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)]
    return "".join(c if c.isascii() else "?" for c in bare)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
