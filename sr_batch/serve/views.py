"""Parts of pictures as a browser shows them, cut and reduced here: PNG, sRGB, 8 bit."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from sr_batch import codec
from sr_batch.batch.loading import Loader
from sr_batch.batch.memory_gate import MemoryGate
from sr_batch.codec.color.for_screen import for_screen
from sr_batch.core.errors import Stopped
from sr_batch.core.geometry import Region, Size
from sr_batch.core.image import Image
from sr_batch.imaging.resample import bleed, resize
from sr_batch.serve.problems import Problem

DEFAULT_SIDE = 2048
MOST_SIDE = 4096
MOST_COMPARED = 256  # input pixels a side of what is enlarged for a comparison

_KEPT_BYTES = 256 << 20
_CONTEXT = 32  # pixels around a part that networks may look at
_BYTES_PER_PIXEL = 16  # of an enlarged part: three floats, and the same as integers

Enlarge = Callable[[Image], Image]


class Pictures:
    """Decoded pictures; those that were needed last are kept. Thread-safe."""

    def __init__(self, load: Loader, gate: MemoryGate) -> None:
        self._load = load
        self._kept: OrderedDict[Path, Image] = OrderedDict()
        self._gate = gate
        self._lock = threading.Lock()
        self._used = time.monotonic()

    def first(self, path: Path, name: str, max_pixels: int) -> Image:
        """The first picture in a file. Raises ImageError, which calls the file ``name``."""
        with self._lock:
            self._used = time.monotonic()
            if path in self._kept:
                self._kept.move_to_end(path)
                return self._kept[path]
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise Problem(404, f"{name}: it was deleted") from error
        with self._load(data, name, max_pixels) as file:
            size = file.header.decoded_bytes // len(file.header.sizes)
            with self._gate.hold(size + len(data)):
                image = next(file.pages())
        self._keep(path, image)
        return image

    def idle_seconds(self) -> float:
        """How long none was needed."""
        return time.monotonic() - self._used

    def forget(self) -> None:
        """Free the memory of all that is kept."""
        with self._lock:
            self._kept.clear()

    def _keep(self, path: Path, image: Image) -> None:
        with self._lock:
            self._kept[path] = image
            while sum(map(_bytes, self._kept.values())) > _KEPT_BYTES:
                self._kept.popitem(last=False)


def view(image: Image, part: Region, most: int) -> bytes:
    """``part`` of ``image`` as a PNG, reduced until no side is longer than ``most``."""
    return _png(_reduced(_cut(image, part), most))


def compared(
    image: Image, part: Region, scale: float, enlarge: Enlarge, stop: threading.Event
) -> bytes:
    """``part`` as a PNG, enlarged ``scale`` times with what is around it in view.

    Raises:
        Stopped: ``stop`` was set.
    """
    window = Region(
        part.left - _CONTEXT, part.top - _CONTEXT, part.right + _CONTEXT, part.bottom + _CONTEXT
    ).clamp(image.size)
    enlarged = enlarge(_cut(image, window))
    if stop.is_set():
        raise Stopped
    inner = part.relative_to(window)
    left, top = round(inner.left * scale), round(inner.top * scale)
    size = part.size * scale
    return _png(_cut(enlarged, Region(left, top, left + size.width, top + size.height)))


def compared_bytes(part: Region, scale: float) -> int:
    """Memory that `compared` needs at most."""
    width, height = (side + 2 * _CONTEXT for side in (part.size.width, part.size.height))
    return round(width * height * scale**2) * _BYTES_PER_PIXEL


def by_bicubic(image: Image, size: Size) -> Image:
    """``image``, enlarged without a network."""
    if image.alpha is None:
        return replace(image, color=resize(image.color, size, "bicubic"))
    color = resize(bleed(image.color, image.alpha), size, "bicubic")
    return replace(image, color=color, alpha=resize(image.alpha, size, "bicubic"))


def part_of(size: Size, left: int, top: int, width: int | None, height: int | None) -> Region:
    """A part of a picture of ``size``, the rest of it if a side is not given.

    Raises:
        Problem: 422 if it is empty or outside.
    """
    right = left + (size.width - left if width is None else width)
    bottom = top + (size.height - top if height is None else height)
    part = Region(left, top, right, bottom).clamp(size)
    if left < 0 or top < 0 or min(part.size.width, part.size.height) < 1:
        raise Problem(422, f"left, top, width and height: that part is outside of {size}")
    return part


def _cut(image: Image, part: Region) -> Image:
    alpha = None if image.alpha is None else image.alpha[part.slices]
    return replace(image, color=image.color[part.slices], alpha=alpha)


def _reduced(image: Image, most: int) -> Image:
    factor = most / max(image.size.width, image.size.height)
    if factor >= 1:
        return image
    size = image.size * factor
    alpha = None if image.alpha is None else resize(image.alpha, size, "bicubic")
    return replace(image, color=resize(image.color, size, "bicubic"), alpha=alpha)


def _png(image: Image) -> bytes:
    pixels = np.ascontiguousarray(for_screen(image))
    return codec.encode_image(Image(pixels), "png", quality=95)


def _bytes(image: Image) -> int:
    return image.color.nbytes + (0 if image.alpha is None else image.alpha.nbytes)
