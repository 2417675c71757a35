"""Time and size of each `--png-effort`, compared with Pillow's levels."""

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from benchmarks.setting import Row, Setting
from sr_batch.codec import encode_pages
from sr_batch.core.image import Image
from sr_batch.core.options import Effort

_SIDE = 1000
_ROUNDS = 3

Way = Callable[[Pillow.Image], int]


def png(setting: Setting) -> Iterator[Row]:
    """Encode photographs and a drawing, both enlarged twice, and compare CPU time and size."""
    pictures = {"photograph": _photographs(setting.photos), "drawing": [_drawing()]}
    ways: dict[str, Way] = {f"--png-effort {effort}": _ours(effort) for effort in get_args(Effort)}
    ways |= {f"Pillow, level {level}": _pillows(level) for level in (1, 9)}
    for kind, group in pictures.items():
        usual_time, usual_size = _cost(_pillows(6), group)
        for name, way in ways.items():
            seconds, size = _cost(way, group)
            smaller, faster = size / usual_size, seconds / usual_time
            yield Row(f"{kind}, {name}: time / Pillow's default", f"{faster:.2f}", "", True)
            yield Row("  bytes / Pillow's default", f"{smaller:.2f}", "", True)


def _cost(way: Way, pictures: list[Pillow.Image]) -> tuple[float, int]:
    """(least CPU seconds of several rounds, bytes)."""
    best, size = float("inf"), 0
    for _ in range(_ROUNDS):
        started = time.process_time()
        size = sum(map(way, pictures))
        best = min(best, time.process_time() - started)
    return best, size


def _ours(effort: Effort) -> Way:
    return lambda picture: len(encode_pages([Image(np.asarray(picture))], "png", 95, effort))


def _pillows(level: int) -> Way:
    def encode(picture: Pillow.Image) -> int:
        out = io.BytesIO()
        picture.save(out, "png", compress_level=level)
        return out.tell()

    return encode


def _photographs(folder: Path) -> list[Pillow.Image]:
    found = []
    for path in sorted(folder.glob("*.jpg"))[:3]:
        with Pillow.open(path) as photo:
            photo.thumbnail((_SIDE // 2, _SIDE // 2))
            found.append(_twice(photo.convert("RGB")))
    return found


def _drawing() -> Pillow.Image:
    canvas = Pillow.new("RGB", (_SIDE // 2, _SIDE // 2), "white")
    draw = ImageDraw.Draw(canvas)
    for at in range(0, _SIDE, 9):
        left, top = at * 37 % _SIDE // 2, at * 91 % _SIDE // 2
        draw.ellipse((left, top, left + 60, top + 40), (at * 40 % 256, at * 70 % 256, at % 256))
        draw.text((top, left), "words in a drawing", "black")
    return _twice(canvas)


def _twice(picture: Pillow.Image) -> Pillow.Image:
    return picture.resize((picture.width * 2, picture.height * 2), Pillow.Resampling.BICUBIC)
