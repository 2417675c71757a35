"""The quality that a JPEG was saved with, estimated from its quantization tables."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

Tables = npt.NDArray[np.int64]

_LUMA = 0  # number of the table of luma, as encoders use it
_COEFFICIENTS = 64

# Table K.1 of the JPEG standard (ITU-T T.81) in zigzag order, as it is stored.
_STANDARD = np.array(
    (
        *(16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40),
        *(26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51),
        *(56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87),
        *(95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99),
    )
)


def quality(segments: Iterable[bytes]) -> int | None:
    """The quality from 1 to 100 whose table is nearest to the file's table of luma.

    It is exact for files of libjpeg and programs that use its tables. Cameras and Photoshop have
    their own tables.

    Args:
        segments: Contents of the segments that define quantization tables (DQT).

    Returns:
        None if there is no table of luma, or it is damaged.
    """
    tables = dict(table for segment in segments for table in _tables(segment))
    if _LUMA not in tables:
        return None
    return int(np.abs(_every() - tables[_LUMA]).sum(axis=1).argmin()) + 1


def _tables(segment: bytes) -> Iterator[tuple[int, Tables]]:
    """The number of each whole table in ``segment``, and its values in zigzag order."""
    at = 0
    while at < len(segment):
        wide, number = divmod(segment[at], 16)
        end = at + 1 + _COEFFICIENTS * (2 if wide else 1)
        if end > len(segment):
            return
        values = np.frombuffer(segment[at + 1 : end], ">u2" if wide else "u1")
        yield number, values.astype(np.int64)
        at = end


def _every() -> Tables:
    """The tables of libjpeg for the qualities from 1 to 100, (100, 64)."""
    qualities = np.arange(1, 101)[:, None]
    percent = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    return np.asarray(np.clip((_STANDARD * percent + 50) // 100, 1, 255), np.int64)
