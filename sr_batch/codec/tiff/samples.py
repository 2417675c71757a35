"""Rows of bytes as samples, exactly, with the file's own type and width."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sr_batch.codec.tiff.layout import FLOATING, HORIZONTAL, SampleLayout
from sr_batch.codec.tiff.segments import Bytes

Samples = npt.NDArray[Any]
"""Integers or floats: (h, W, samples)."""

_KINDS = {"unsigned": "u", "signed": "i", "float": "f"}


def unpack(rows: Bytes, order: str, layout: SampleLayout) -> Samples:
    """The samples (h, W, S) in ``rows`` (h, bytes) of segments, with prediction undone.

    Args:
        rows: Unpacked bytes.
        order: Byte order of the file.
        layout: Of the page; W is the width of its segments, S 1 where planes are separate.
    """
    width, count = layout.segment.width, layout.samples // layout.planes
    if layout.bits not in (8, 16, 32, 64):
        return _from_bits(rows, layout.bits, width * count).reshape(-1, width, count)
    octets = layout.bits // 8
    if layout.predictor == FLOATING:
        rows, order = _ungrouped(rows, count, octets), ">"
    samples = rows.view(f"{order}u{octets}").astype(f"u{octets}").reshape(-1, width, count)
    if layout.predictor == HORIZONTAL:
        np.add.accumulate(samples, axis=1, dtype=samples.dtype, out=samples)
    return samples.view(f"{_KINDS[layout.numbers]}{octets}")


def _from_bits(rows: Bytes, bits: int, count: int) -> Samples:
    """``count`` integers of ``bits`` bits in a row, the highest bit first."""
    apart = np.unpackbits(rows, axis=1, count=count * bits).reshape(-1, count, bits)
    values = np.zeros(apart.shape[:2], np.uint8 if bits <= 8 else np.uint16)
    for place in range(bits):
        values <<= 1
        values |= apart[..., place]
    return values


def _ungrouped(rows: Bytes, count: int, octets: int) -> Bytes:
    """Undo floating-point prediction: differences of bytes, all highest ones of a row first."""
    differences = rows.reshape(len(rows), -1, count)
    plain = np.add.accumulate(differences, axis=1, dtype=np.uint8)
    groups = plain.reshape(len(rows), octets, -1)
    return np.ascontiguousarray(groups.swapaxes(1, 2)).reshape(len(rows), -1)
