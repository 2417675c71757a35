"""OpenCV's codecs where they serve better than Pillow: 16-bit PNG, deep AVIF, WebP, JPEG out.

Pillow reads colour of 10 to 16 bit as 8, takes twice the memory for WebP and holds the
interpreter's lock while it writes JPEG. OpenCV is large, so it is loaded with the first picture.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from sr_batch.codec.container import Block
from sr_batch.core.errors import SrBatchError, UnreadableImage
from sr_batch.core.geometry import Size
from sr_batch.core.image import Pixels

_BAND_PIXELS = 1 << 20


def decode(kind: str, data: bytes, size: Size) -> Iterator[Block]:
    """Decode ``data``, yield bands (h, W, C): gray, RGB or RGBA, with the file's own depth.

    Raises:
        UnreadableImage: truncated, corrupt, or not of ``size``.
        MemoryError: there is not enough of it.
    """
    cv2 = load()
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as fault:
        if fault.code == cv2.Error.StsNoMem:
            raise MemoryError from fault
        raise UnreadableImage(f"truncated or damaged {kind}") from fault
    if pixels is None or pixels.shape[:2] != (size.height, size.width):
        raise UnreadableImage(f"truncated or damaged {kind}")
    rows = max(1, _BAND_PIXELS // size.width)
    for top in range(0, size.height, rows):
        yield top, _rgb(pixels[top : top + rows])


def reads_avif() -> bool:
    """Whether this OpenCV was built with AVIF; it can only be asked about its encoder."""
    return cast(bool, load().haveImageWriter("any.avif"))


def encode_jpeg(pixels: Pixels, quality: int) -> memoryview:
    """A baseline JPEG of ``pixels``, uint8 (h, w, 1) gray or (h, w, 3) RGB, colour 4:4:4."""
    cv2 = load()
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    bgr = pixels if pixels.shape[2] == 1 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cast(memoryview, cv2.imencode(".jpg", bgr, options)[1].data)


def _rgb(band: npt.NDArray[Any]) -> Pixels:
    """``band`` as RGB or RGBA; gray gets a channel axis."""
    if band.ndim == 2:
        return band[..., None]
    cv2 = load()
    order = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}[band.shape[2]]
    return cast(Pixels, cv2.cvtColor(band, order))


@cache
def load() -> Any:
    """The library.

    Raises:
        SrBatchError: it cannot be loaded; the message says what fixes it.
    """
    try:
        import cv2
    except ImportError as fault:
        raise SrBatchError(
            f"OpenCV cannot be loaded ({fault}); to fix it: sr-batch doctor"
        ) from fault
    # The exceptions here say what it would print on stderr.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2
