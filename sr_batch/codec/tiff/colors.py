"""Samples of a TIFF to pixels: gray or RGB of 8 or 16 bit, with plain alpha."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from sr_batch.codec.color import cmyk, lab
from sr_batch.codec.container import Block
from sr_batch.codec.metadata import ifd
from sr_batch.codec.metadata.tags import Tag
from sr_batch.codec.strips import rounded
from sr_batch.codec.tiff.layout import ASSOCIATED, SampleLayout
from sr_batch.codec.tiff.pixels import stored_rows
from sr_batch.codec.tiff.samples import Samples
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.image import Pixels

CLIPPED = "values outside 0 to 1 clipped"
FLOATING = "floating-point samples, 0 to 1, rounded to 16 bits"
SHIFTED = "signed samples shifted so that the lowest value is black"
ROUNDED = "32-bit samples rounded to 16 bits"
LEFT_OUT = "samples that are neither color nor alpha left out"

_BAND_PIXELS = 1 << 18


@dataclass(frozen=True)
class Recipe:
    """How the samples of a page become pixels.

    Attributes:
        layout: Of the samples.
        convert: Converts colours (h, w, inks) over the whole range of their integers, or indices
            into a palette, to gray or RGB (h, w, channels).
        depth: Bits per sample of the result, 8 or 16.
        foreign: Whether the result is sRGB, so that the file's profile no longer applies.
        notes: Notes for the user.
        remark: A note that is known only when the picture is decoded.
    """

    layout: SampleLayout
    convert: Callable[[Samples], Pixels]
    depth: int
    foreign: bool
    notes: tuple[str, ...]
    remark: Callable[[], str] | None = None


def recipe(page: ifd.Directory, layout: SampleLayout) -> Recipe:
    """How to convert the samples of ``page``."""
    notes = _notes(layout)
    if layout.colors == "cmyk":
        profile = page.raw(Tag.ICC)
        inks = cache(lambda: cmyk.conversion(profile, layout.depth))
        depth = cmyk.depth_of(profile, layout.depth)
        return Recipe(
            layout,
            lambda colors: inks().convert(colors),
            depth,
            True,
            notes,
            lambda: inks().note,
        )
    if layout.colors in ("cielab", "icclab"):
        decode = lab.from_cielab if layout.colors == "cielab" else lab.from_icclab
        return Recipe(
            layout,
            lambda colors: lab.to_srgb(decode(colors), colors.dtype),
            layout.depth,
            True,
            (*notes, lab.NOTE),
        )
    if layout.colors == "palette" and layout.bytewise:
        palette = _palette(page, layout)
        return Recipe(layout, lambda numbers: _looked_up(numbers, palette), 8, False, notes)
    return Recipe(layout, lambda colors: colors, layout.depth, False, notes)


def blocks(data: bytes, page: ifd.Directory, how: Recipe, remarks: set[str]) -> Iterator[Block]:
    """Bands of the picture on ``page`` of ``data``; ``remarks`` collects notes.

    Raises:
        UnreadableImage: truncated or corrupt.
    """
    if how.remark:
        remarks.add(how.remark())
    step = max(1, _BAND_PIXELS // how.layout.size.width)
    for top, rows in stored_rows(data, page, how.layout):
        for at in range(0, len(rows), step):
            band = rows[at : at + step]
            if how.layout.bytewise:
                yield top + at, _picture(band, how, remarks)
            else:
                yield top + at, how.convert(band)


def _notes(layout: SampleLayout) -> tuple[str, ...]:
    said = {
        FLOATING: layout.numbers == "float",
        SHIFTED: layout.numbers == "signed",
        ROUNDED: layout.bits == 32 and layout.numbers != "float",
        f"{layout.bits} bit widened to 16": 8 < layout.bits < 16 and layout.colors != "palette",
        LEFT_OUT: layout.samples > layout.inks + (layout.alpha > 0),
    }
    return tuple(note for note, holds in said.items() if holds)


def _picture(samples: Samples, how: Recipe, remarks: set[str]) -> Pixels:
    """Colour, then alpha if there is any."""
    layout = how.layout
    samples = samples[..., : layout.inks + (layout.alpha > 0)]
    if layout.numbers == "float":
        samples = _from_floats(samples, layout, remarks)
    color, alpha = samples[..., : layout.inks], samples[..., layout.inks :]
    if layout.numbers != "float":
        alpha = _whole_range(alpha, layout)
        if layout.colors != "palette":
            color = _whole_range(color, layout)
            if layout.alpha == ASSOCIATED:
                color = _unpremultiplied(color, alpha)
    color = how.convert(~color if layout.inverted else color)
    if not layout.alpha:
        return color
    return np.concatenate((color, rounded(alpha) if how.depth == 8 else alpha), axis=2)


def _from_floats(samples: Samples, layout: SampleLayout, remarks: set[str]) -> Pixels:
    """16-bit integers; NaN becomes 0."""
    with np.errstate(all="ignore"):
        values = samples.astype(np.float64)
        if layout.alpha == ASSOCIATED:
            color, alpha = values[..., : layout.inks], values[..., layout.inks :]
            np.divide(color, alpha, out=color, where=alpha > 0)
        clipped = np.nan_to_num(values.clip(0, 1))
        if not np.array_equal(values, clipped):
            remarks.add(CLIPPED)
        whole: Pixels = np.rint(clipped * 65535).astype(np.uint16)
        return whole


def _whole_range(samples: Samples, layout: SampleLayout) -> Pixels:
    """Integers of any width as 8 or 16 bit, rounded to nearest; the largest value stays white."""
    bits, depth = layout.bits, layout.depth
    if layout.numbers == "signed":
        plain = f"u{bits // 8}"
        samples = samples.view(plain) ^ np.array(1 << bits - 1, plain)
    if bits == depth:
        return samples
    if bits == 32:
        return np.asarray((samples.astype(np.uint64) + 32768) // 65537, np.uint16)
    most = 2**bits - 1
    levels = np.arange(most + 1, dtype=np.uint32) * (2**depth - 1)
    table: Pixels = ((levels + most // 2) // most).astype(f"u{depth // 8}")
    return table[samples]


def _unpremultiplied(color: Pixels, alpha: Pixels) -> Pixels:
    """Colour divided by alpha, rounded to nearest."""
    levels = np.iinfo(color.dtype).max
    divisor = alpha.astype(np.uint32)
    quotient = (color.astype(np.uint32) * levels + divisor // 2) // np.maximum(divisor, 1)
    divided: Pixels = np.minimum(quotient, levels).astype(color.dtype)
    return divided


def _looked_up(numbers: Samples, palette: Pixels) -> Pixels:
    # No index is out of range; numpy is twice as fast with clip as with its range check.
    return palette.take(numbers[..., 0], axis=0, mode="clip")


def _palette(page: ifd.Directory, layout: SampleLayout) -> Pixels:
    """Colours (n, 3) in 8 bit. TIFF stores 16, but some programs store 8 unshifted."""
    count = 2**layout.bits
    values = np.array(page.numbers(Tag.PALETTE, most=3 * count), np.uint16)
    if len(values) < 3 * count:
        raise UnreadableImage("truncated or damaged tif (its palette is too short)")
    colors = values.reshape(3, count).T
    return (colors >> 8 if colors.max() > 255 else colors).astype(np.uint8)
