"""Runs an imported model in the real engine: against the bare network, and in tiles.

What does not hold is corrected in the contract where that is possible, and else said.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sr_batch.core.cpu import cores
from sr_batch.core.errors import ImportRefused
from sr_batch.core.image import Image
from sr_batch.core.model_spec import PIXEL_BYTES, ModelSpec
from sr_batch.core.options import UpscaleOptions
from sr_batch.importing.drawn_picture import draw
from sr_batch.inference.model_memory import peak_bytes
from sr_batch.inference.onnx_session import read_spec
from sr_batch.upscaling.upscaler import Upscaler

Levels = npt.NDArray[np.int16]
Rewrite = Callable[[ModelSpec], None]
"""Writes the model again with another contract."""

_SIDE = 96  # LR pixels
_BEYOND = 24  # LR pixels of the picture that a tile does not see
_CHANGED = 5e-3  # share of the samples that may differ by one level
_MOST_OVERLAP = 64
_SECONDS = 25.0  # of the time of a step, to find the overlap
# The largest of these sides that takes little time and memory is tried. No tile is longer later.
_LARGE_SIDES = (384, 320, 256, 224, 192, 160, 128)
_LARGE_SECONDS, _SLOW_SECONDS = 2.0, 20.0  # the latter for networks that are slow anyway
_LARGE_BYTES = 700 << 20
_MOST_PARITY = 2


@dataclass(frozen=True)
class Certified:
    """What the engine made of a model.

    Attributes:
        parity: Largest difference from the bare network, in 8-bit levels.
        levels: Largest change by tiling, in 8-bit levels; None if it was not compared.
        overlap: LR pixels of context per side of a tile.
        whole: Whether tiles differ from the whole picture with every overlap that was tried.
        most_side: Longest side in LR pixels at which it was tried.
        pixel_bytes: Bytes of memory for each LR pixel of a call.
    """

    parity: int
    levels: int | None
    overlap: int
    whole: bool
    most_side: int
    pixel_bytes: int


def certify(
    path: Path, bare: Callable[[np.ndarray], np.ndarray], rewrite: Rewrite, thorough: bool
) -> dict[str, Any]:
    """Run the model at ``path``, and correct its contract.

    Args:
        path: The model.
        bare: The network without its wrapper: (C, H, W) float32 -> (C, H*s, W*s).
        rewrite: Writes the model again.
        thorough: Whether it was measured how far pixels matter; it is not for slow networks.

    Returns:
        The fields of :class:`Certified`.

    Raises:
        ImportRefused: the engine's result is not the network's.
    """
    spec = read_spec(path)
    side = _SIDE // (1 if thorough else 2)
    picture = _picture(spec, *(spec.window_sides if spec.window else (side, side)))
    with Upscaler(_options(path, spec, 0), lambda _: None) as upscaler:
        before, started = peak_bytes(), time.process_time()
        whole = _levels(upscaler, picture)
        pace = (time.process_time() - started) / picture.size.pixels
        after = peak_bytes()
    grown = (after - before) // picture.size.pixels if after and before else 0
    parity = _difference(whole, _expected(bare, picture))[0]
    if parity > _MOST_PARITY:
        raise ImportRefused(
            f"in tiles and formats of sr-batch its output differs by {parity} levels"
        )
    spec = replace(spec, pixel_bytes=max(PIXEL_BYTES, int(grown)), pace=float(f"{pace:.3g}"))
    spec, levels = _seamless(path, spec, pace, thorough)
    if not spec.window:
        spec = replace(spec, most_side=_most_side(path, spec, pace, thorough))
    rewrite(spec)
    return asdict(
        Certified(parity, levels, spec.overlap, spec.whole, spec.most_side, spec.pixel_bytes)
    )


def _seamless(
    path: Path, spec: ModelSpec, pace: float, thorough: bool
) -> tuple[ModelSpec, int | None]:
    """The contract with the first overlap that leaves no seam, and the change by tiling.

    Args:
        path: The model.
        spec: Its contract.
        pace: Processor seconds for an LR pixel. Nothing is compared that would take too long.
        thorough: Whether a difference with all overlaps means that it sees the whole picture.
    """
    best: tuple[int, int] | None = None
    end = time.process_time() + _SECONDS * cores()
    for overlap in _overlaps(spec):
        if time.process_time() + pace * _work(overlap) > end:
            break
        levels, share = _seam(path, spec, overlap)
        if levels <= 1 and share <= _CHANGED and not spec.whole:
            return _with(spec, overlap, False, 0), levels
        if best is None or levels < best[0]:
            best = levels, overlap
    if best is None:
        return spec, None
    return _with(spec, best[1], thorough or spec.whole, max(1, best[0])), best[0]


def _most_side(path: Path, spec: ModelSpec, pace: float, thorough: bool) -> int:
    """The longest side that was tried: a larger one than before, if it works there as well."""
    tried = max(_side(spec.overlap), 4 * spec.overlap)
    end = (_LARGE_SECONDS if thorough else _SLOW_SECONDS) * cores()
    for side in _LARGE_SIDES:
        fits = side**2 * spec.pixel_bytes <= _LARGE_BYTES
        if side > tried and fits and pace * (side**2 + _side(spec.overlap) ** 2) <= end:
            return side if _inside(path, spec, side) <= max(1, 2 * spec.seam) else tried
    return tried


def _inside(path: Path, spec: ModelSpec, side: int) -> int:
    """Largest difference in levels between the middle of a large picture and that part alone."""
    picture = _picture(spec, side, side)
    inner = -(-_side(spec.overlap) // spec.multiple) * spec.multiple
    first = (picture.size.width - inner) // 2 // spec.multiple * spec.multiple
    last, scale = first + inner, spec.scale
    part = Image(np.ascontiguousarray(picture.color[first:last, first:last]))
    whole, alone = (_enlarged(path, spec, each, 0) for each in (picture, part))
    edge = spec.overlap * scale
    same = slice(first * scale + edge, last * scale - edge)
    middle = slice(edge, inner * scale - edge)
    return _difference(whole[same, same], alone[middle, middle])[0]


def _overlaps(spec: ModelSpec) -> Iterator[int]:
    """That of the contract, then larger ones; one only if it is known that none is enough."""
    most = min(spec.window_sides) // 4 or max(_MOST_OVERLAP, spec.overlap)
    overlap = min(spec.overlap, most)
    yield overlap
    while overlap < most and not spec.whole:
        overlap = min(most, 2 * overlap + 8)
        yield overlap


def _work(overlap: int) -> int:
    """LR pixels that :func:`_seam` computes."""
    side = _side(overlap)
    return side**2 + 4 * (side // 2 + overlap) ** 2


def _side(overlap: int) -> int:
    return max(_SIDE, 2 * (overlap + _BEYOND))


def _with(spec: ModelSpec, overlap: int, whole: bool, seam: int) -> ModelSpec:
    field = max(spec.receptive_field, 4 * overlap + 1)
    return replace(spec, overlap=overlap, receptive_field=field, whole=whole, seam=float(seam))


def _seam(path: Path, spec: ModelSpec, overlap: int) -> tuple[int, float]:
    """(largest change in levels, share of samples that change) by tiling."""
    if spec.window:  # it cannot run on the whole picture: more context instead
        rows, columns = spec.window_sides
        picture = _picture(spec, rows * 3 // 2, columns * 3 // 2)
        one = _enlarged(path, spec, picture, 0, overlap)
        return _difference(one, _enlarged(path, spec, picture, 0, min(rows, columns) // 4))
    side = _side(overlap)
    picture = _picture(spec, side, side)
    whole = _enlarged(path, spec, picture, 0)
    return _difference(whole, _enlarged(path, spec, picture, side // 2, overlap))


def _picture(spec: ModelSpec, height: int, width: int) -> Image:
    height, width = (-(-side // spec.multiple) * spec.multiple for side in (height, width))
    planes = draw(height, width, spec.channels, 300, 500)
    return Image(np.rint(planes.transpose(1, 2, 0) * 255).astype(np.uint8))


def _enlarged(
    path: Path, spec: ModelSpec, picture: Image, tile: int, overlap: int | None = None
) -> Levels:
    with Upscaler(_options(path, spec, tile, overlap), lambda _: None) as upscaler:
        return _levels(upscaler, picture)


def _options(path: Path, spec: ModelSpec, tile: int, overlap: int | None = None) -> UpscaleOptions:
    return UpscaleOptions(
        model=str(path),
        scale=spec.scale,
        device="cpu",
        tile=tile,
        overlap="auto" if overlap is None else overlap,
    )


def _levels(upscaler: Upscaler, picture: Image) -> Levels:
    enlarged = upscaler(picture, "picture", lambda _: None, threading.Event())
    levels: Levels = enlarged.image.color.astype(np.int16)
    return levels


def _expected(bare: Callable[[np.ndarray], np.ndarray], picture: Image) -> Levels:
    planes = picture.color.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    levels = np.rint(bare(planes).clip(0, 1) * 255)
    expected: Levels = levels.transpose(1, 2, 0).astype(np.int16)
    return expected


def _difference(one: Levels, other: Levels) -> tuple[int, float]:
    changed = np.abs(one - other)
    return int(changed.max()), float(np.count_nonzero(changed)) / changed.size
