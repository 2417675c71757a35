"""GIF, AVIF, HEIC and JPEG XL, and what moves."""

from typing import Any

import numpy as np
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.image import Image, Pixels
from tests.codec.pictures import saved
from tests.corpus.rows import Make, Read, scene


def _saved(kind: str, **options: Any) -> Make:
    return lambda: saved(Pillow.fromarray(scene()), kind, **options)


def _frames(kind: str, first: Pixels, **options: Any) -> Make:
    """``first``, and its negative."""
    pictures = [Pillow.fromarray(pixels) for pixels in (first, 255 - first)]
    return lambda: saved(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)


def _few_colors() -> Pixels:
    return np.asarray(Pillow.fromarray(scene()).quantize(200).convert("RGB"))


READ: dict[str, Read] = {
    "still.gif": Read(
        lambda: saved(Pillow.fromarray(_few_colors()), "GIF"), _few_colors(), bound=25
    ),
    "moving.gif": Read(_frames("GIF", _few_colors()), _few_colors(), bound=25, frames=2),
    "moving.png": Read(_frames("PNG", scene()), scene(), frames=2),
    "moving.webp": Read(_frames("WEBP", scene(), lossless=True), scene(), frames=2),
    "still.avif": Read(_saved("AVIF", quality=100, subsampling="4:4:4"), scene()),
    "still.heic": Read(_saved("HEIF", quality=100, chroma=444), scene()),
    "still.jxl": Read(lambda: codec.encode_image(Image(scene()), "jxl", 100), scene()),
}
