"""GIF, and what moves."""

from typing import Any

import numpy as np
from PIL import Image as Pillow

from sr_batch.core.image import Pixels
from tests.codec.pictures import saved
from tests.corpus.rows import Make, Read, scene


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
}
