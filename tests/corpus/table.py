"""The corpus: small files of every kind, made here, with the expected result of each.

A new kind is one line in the table of its format, or in `tests.corpus.refused`.
"""

from pathlib import Path

from tests.corpus import bmp, heif, jpeg, jxl, others, png, tiff, webp
from tests.corpus.refused import REFUSED as REFUSED
from tests.corpus.rows import Read, Refused

READ: dict[str, Read] = png.READ | jpeg.READ | tiff.READ | webp.READ | bmp.READ
READ |= heif.READ | jxl.READ | others.READ
ALL: dict[str, Read | Refused] = READ | REFUSED


def write(folder: Path) -> None:
    """Write every file of the corpus into ``folder``."""
    folder.mkdir(parents=True)
    for name, row in ALL.items():
        (folder / name).write_bytes(row.make())
