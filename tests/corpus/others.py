"""GIF, AVIF, HEIC, JPEG XL; animations; pages; TIFFs in other colours and numbers."""

from typing import Any

import numpy as np
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.image import Image, Pixels
from tests.codec.pictures import by_tifffile, saved
from tests.corpus.rows import Array, Make, Read, scene


def _saved(kind: str, **options: Any) -> Make:
    return lambda: saved(Pillow.fromarray(scene()), kind, **options)


def _frames(kind: str, first: Pixels, **options: Any) -> Make:
    """``first``, and its negative."""
    pictures = [Pillow.fromarray(pixels) for pixels in (first, 255 - first)]
    return lambda: saved(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)


def _few_colors() -> Pixels:
    return np.asarray(Pillow.fromarray(scene()).quantize(200).convert("RGB"))


def _of_lightness(levels: Array) -> Pixels:
    """What CIELAB without colour shows: ``levels`` (H, W, 1), of 255, are its lightness."""
    lightness = levels * (100 / 255)
    light = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    curved = 1.055 * light ** (1 / 2.4) - 0.055
    values = np.where(light > 0.0031308, curved, 12.92 * light)
    return np.asarray(np.rint(values.repeat(3, axis=2) * 255), np.uint8)


def _lab() -> bytes:
    neutral = np.zeros((*scene(1).shape[:2], 2), np.uint8)
    return by_tifffile(np.concatenate((scene(1), neutral), axis=2), photometric="cielab")


def _inks() -> bytes:
    black = np.zeros_like(scene(1))
    return by_tifffile(np.concatenate((255 - scene(), black), axis=2), photometric="separated")


READ: dict[str, Read] = {
    "still.gif": Read(
        lambda: saved(Pillow.fromarray(_few_colors()), "GIF"), _few_colors(), bound=25
    ),
    "moving.gif": Read(_frames("GIF", _few_colors()), _few_colors(), bound=25, frames=2),
    "moving.png": Read(_frames("PNG", scene()), scene(), frames=2),
    "moving.webp": Read(_frames("WEBP", scene(), lossless=True), scene(), frames=2),
    "pages.tif": Read(_frames("TIFF", scene()), scene(), frames=2),
    "lab.tif": Read(_lab, _of_lightness(scene(1))),
    "inks.tif": Read(_inks, scene()),
    "float.tif": Read(
        lambda: by_tifffile(scene(3, 16) / np.float32(65535), photometric="rgb"), scene(3, 16)
    ),
    "still.avif": Read(_saved("AVIF", quality=100, subsampling="4:4:4"), scene()),
    "still.heic": Read(_saved("HEIF", quality=100, chroma=444), scene()),
    "still.jxl": Read(lambda: codec.encode_image(Image(scene()), "jxl", 100), scene()),
}
