"""The figures of docs/adr/0014: libraries compared with the code here, over the corpus.

``python -m tests.corpus.libraries``. TIFF needs imagecodecs, which no extra installs.
"""

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

import cv2
import numpy as np
import pillow_heif
import tifffile
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.heif.picture import read_picture
from sr_batch.codec.metadata import exif
from sr_batch.codec.png import encode as png
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from tests.codec.pictures import PLENTY, camera_exif, read
from tests.corpus.rows import Array, scene
from tests.corpus.table import READ

_SIDE = 1500
_ROUNDS = 5


def _exif() -> Iterator[str]:
    blocks = [camera_exif(turn, order) for turn in range(1, 9) for order in "<>"]
    for kind, prefix in (("JPEG", b"Exif\0\0"), ("PNG", b""), ("WEBP", b""), ("AVIF", b"")):
        same = sum(_through(kind, prefix, block) == block for block in blocks)
        yield f"EXIF through Pillow's {kind}: {same} of {len(blocks)} blocks unchanged"
    same = sum(_upright_by_pillow(block) == exif.upright(block) for block in blocks)
    yield f"EXIF turned by Pillow: {same} of {len(blocks)} blocks changed in the orientation alone"


def _through(kind: str, prefix: bytes, block: bytes) -> bytes:
    out = BytesIO()
    Pillow.new("RGB", (8, 8)).save(out, kind, exif=prefix + block)
    back: bytes = Pillow.open(out).info["exif"]
    return back.removeprefix(b"Exif\0\0")


def _upright_by_pillow(block: bytes) -> bytes:
    parsed = Pillow.Exif()
    parsed.load(block)
    parsed[274] = 1
    return parsed.tobytes().removeprefix(b"Exif\0\0")


def _png() -> Iterator[str]:
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    options += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    options += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH]
    for depth in (8, 16):
        noise = np.random.default_rng(0).normal(0, 2**depth / 100, (_SIDE, _SIDE, 3))
        smooth = scene(3, depth, _SIDE, _SIDE)
        pixels = np.clip(smooth + noise, 0, 2**depth - 1).astype(smooth.dtype)
        ratios = []
        for _ in range(_ROUNDS):
            start = time.perf_counter()
            ours = len(png.encode(Image(pixels), "fast"))
            middle = time.perf_counter()
            theirs = len(cv2.imencode(".png", pixels[..., ::-1], options)[1])
            ratios.append((time.perf_counter() - middle) / (middle - start))
        share, times = theirs / ours, sorted(ratios)[_ROUNDS // 2]
        yield f"PNG of {depth} bit by OpenCV: {share:.4f} of the bytes, {times:.2f} of the time"


def _tiff() -> Iterator[str]:
    files = {name: row.make() for name, row in READ.items() if name.startswith("tiff-")}
    same = sum(_by_tifffile(data) for data in files.values())
    yield f"TIFF by tifffile: {same} of {len(files)} files need no conversion and are equal"


def _by_tifffile(data: bytes) -> bool:
    ours = _pixels(data)
    with suppress(ValueError):
        theirs = tifffile.imread(BytesIO(data), key=0)
        planes = theirs.ndim == 3 and theirs.shape[1:] == ours.shape[:2]
        theirs = np.moveaxis(theirs, 0, 2) if planes else theirs
        shaped = theirs.reshape(*theirs.shape[:2], -1)
        return shaped.dtype == ours.dtype and np.array_equal(shaped, ours)
    return False


def _pixels(data: bytes) -> Array:
    image = next(codec.read_pages(data, "a.tif", PLENTY))
    return image.color if image.alpha is None else np.dstack((image.color, image.alpha))


def _heif() -> Iterator[str]:
    pillow_heif.register_heif_opener()
    files = [row.make() for name, row in READ.items() if name.startswith(("avif-", "heic-"))]
    same = sum(_agrees(data) for data in files)
    yield f"HEIF by pillow-heif: {same} of {len(files)} headers equal"


def _agrees(data: bytes) -> bool:
    ours, opened = read_picture(data), pillow_heif.open_heif(data)
    theirs = opened[opened.primary_index]
    blocks = ((theirs.info.get(name) or None) for name in ("exif", "icc_profile", "xmp"))
    block, icc, xmp = blocks
    return (read(data).size, ours.depth, ours.exif, ours.icc, ours.xmp) == (
        Size(*theirs.size),
        theirs.info["bit_depth"],
        block.removeprefix(b"Exif\0\0") if isinstance(block, bytes) else None,
        icc,
        xmp,
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable()
    for part in (_exif, _png, _tiff, _heif):
        for line in part():
            print(line, flush=True)
