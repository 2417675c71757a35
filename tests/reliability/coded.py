"""Small pictures that say which picture they are: a number, in squares of black and white."""

import io
import zlib
from functools import lru_cache

import numpy as np
from PIL import Image

_SIDE = 5  # squares in a row: 16 bits of the number and 9 of a checksum
_SQUARE = 6  # pixels
_BITS = np.arange(_SIDE * _SIDE)
_NUMBER = (1 << 16) - 1
FORMATS = {".png": "PNG", ".jpg": "JPEG"}


def encoded(number: int, suffix: str) -> bytes:
    """A picture of ``number`` in the format of ``suffix``."""
    width, height = _size(number)
    pixels = np.full((height, width), 128, np.uint8)
    bits = ((number | _checksum(number) << 16) >> _BITS) & 1
    squares = (bits * 255).reshape(_SIDE, _SIDE).astype(np.uint8)
    side = _SIDE * _SQUARE
    pixels[:side, :side] = squares.repeat(_SQUARE, 0).repeat(_SQUARE, 1)
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(file, FORMATS[suffix], quality=95, subsampling=0)
    return file.getvalue()


@lru_cache(100_000)
def number_in(data: bytes, scale: int = 2) -> int | None:
    """The number of the picture that ``data`` shows enlarged; None if that is not a whole one."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            pixels = np.asarray(picture.convert("L"))
    except Exception:
        return None
    side, half = _SQUARE * scale, _SQUARE * scale // 2
    if min(pixels.shape) < _SIDE * side:
        return None
    squares = pixels[half : _SIDE * side : side, half : _SIDE * side : side] > 127
    code = int((squares.ravel().astype(np.int64) << _BITS).sum())
    number = code & _NUMBER
    whole = code >> 16 == _checksum(number)
    width, height = _size(number)
    return number if whole and pixels.shape == (height * scale, width * scale) else None


def _size(number: int) -> tuple[int, int]:
    return _SIDE * _SQUARE + number % 7, _SIDE * _SQUARE + number % 5


def _checksum(number: int) -> int:
    return zlib.crc32(number.to_bytes(4, "little")) & 511
