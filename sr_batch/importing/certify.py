"""Runs an imported model in the real engine: against the bare network, and in tiles.

What does not hold is corrected in the contract where that is possible, and else said.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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
_MOST_PARITY = 2


@dataclass(frozen=True)
class Certified:
    """What the engine made of a model.

    Attributes:
        parity: Largest difference from the bare network, in 8-bit levels.
        levels: Largest change by tiling, in 8-bit levels; None if it was not compared.
        overlap: LR pixels of context per side of a tile.
        whole: Whether tiles differ from the whole picture with every overlap that was tried.
        pixel_bytes: Bytes of memory for each LR pixel of a call.
    """

    parity: int
    levels: int | None
    overlap: int
    whole: bool
    pixel_bytes: int


def certify(
    path: Path, bare: Callable[[np.ndarray], np.ndarray], rewrite: Rewrite, thorough: bool
) -> dict[str, Any]:
    """Run the model at ``path``, and correct its contract.

    Args:
        path: The model.
        bare: The network without its wrapper: (C, H, W) float32 -> (C, H*s, W*s).
        rewrite: Writes the model again.
        thorough: Whether to compare tiles; not for networks that are too slow.

    Returns:
        The fields of :class:`Certified`.

    Raises:
        ImportRefused: the engine's result is not the network's.
    """
    spec = read_spec(path)
    before = peak_bytes()
    picture = _picture(spec, spec.window or _SIDE // (1 if thorough else 2))
    whole = _enlarged(path, spec, picture, 0)
    after = peak_bytes()
    grown = (after - before) // picture.color[..., 0].size if after and before else 0
    parity = _difference(whole, _expected(bare, picture))[0]
    if parity > _MOST_PARITY:
        raise ImportRefused(
            f"in tiles and formats of sr-batch its output differs by {parity} levels"
        )
    spec = replace(spec, pixel_bytes=max(PIXEL_BYTES, int(grown)))
    levels = None
    if thorough:
        spec, levels = _seamless(path, spec, rewrite)
    rewrite(spec)
    return asdict(Certified(parity, levels, spec.overlap, spec.whole, spec.pixel_bytes))


def _seamless(path: Path, spec: ModelSpec, rewrite: Rewrite) -> tuple[ModelSpec, int]:
    """The contract with the first overlap that leaves no seam, and the change by tiling."""
    if spec.whole:
        levels, _ = _seam(path, spec, spec.overlap)
        return _with(spec, spec.overlap, True, max(1, levels)), levels
    overlap, most = spec.overlap, spec.window // 4 or max(_MOST_OVERLAP, spec.overlap)
    best: tuple[int, int] | None = None
    while True:
        levels, share = _seam(path, spec, overlap)
        if levels <= 1 and share <= _CHANGED:
            return _with(spec, overlap, False, 0), levels
        if best is None or levels < best[0]:
            best = levels, overlap
        if overlap >= most:
            break
        overlap = min(most, 2 * overlap + 8)
    return _with(spec, best[1], True, best[0]), best[0]


def _with(spec: ModelSpec, overlap: int, whole: bool, seam: int) -> ModelSpec:
    field = max(spec.receptive_field, 4 * overlap + 1)
    return replace(spec, overlap=overlap, receptive_field=field, whole=whole, seam=float(seam))


def _seam(path: Path, spec: ModelSpec, overlap: int) -> tuple[int, float]:
    """(largest change in levels, share of samples that change) by tiling."""
    if spec.window:  # it cannot run on the whole picture: more context instead
        picture = _picture(spec, spec.window * 3 // 2)
        one = _enlarged(path, spec, picture, 0, overlap)
        return _difference(one, _enlarged(path, spec, picture, 0, spec.window // 4))
    side = max(_SIDE, 2 * (overlap + _BEYOND))
    picture = _picture(spec, side)
    whole = _enlarged(path, spec, picture, 0)
    return _difference(whole, _enlarged(path, spec, picture, side // 2, overlap))


def _picture(spec: ModelSpec, side: int) -> Image:
    side = -(-side // spec.multiple) * spec.multiple
    planes = draw(side, side, spec.channels, 300, 500)
    return Image(np.rint(planes.transpose(1, 2, 0) * 255).astype(np.uint8))


def _enlarged(
    path: Path, spec: ModelSpec, picture: Image, tile: int, overlap: int | None = None
) -> Levels:
    options = UpscaleOptions(
        model=str(path),
        scale=spec.scale,
        device="cpu",
        tile=tile,
        overlap="auto" if overlap is None else overlap,
    )
    with Upscaler(options, lambda _: None) as upscaler:
        enlarged = upscaler(picture, "picture", lambda _: None, threading.Event())
    return enlarged.image.color.astype(np.int16)


def _expected(bare: Callable[[np.ndarray], np.ndarray], picture: Image) -> Levels:
    planes = picture.color.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    levels = np.rint(bare(planes).clip(0, 1) * 255)
    return levels.transpose(1, 2, 0).astype(np.int16)


def _difference(one: Levels, other: Levels) -> tuple[int, float]:
    changed = np.abs(one - other)
    return int(changed.max()), float(np.count_nonzero(changed)) / changed.size
