"""One pass of one network over one image, tile by tile.

For each tile: cut its window from the input, convert it to float, run the network, crop the core,
round it and store it in the output. The only arrays as large as the image are its own integers.

In between, pixels are planes (C, h, w) float32, 0..1. Gray pixels, and so the alpha channel, go
through a Y network as studio-range luma, and through an RGB network as three equal channels.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from sr_batch.core.arrays import FloatArray
from sr_batch.core.errors import BadOutput
from sr_batch.core.geometry import Tile
from sr_batch.core.image import Image, Pixels
from sr_batch.core.model_spec import LEAST_SIDE, Color, ModelSpec
from sr_batch.imaging.bicubic import add_enlarged
from sr_batch.imaging.color import gray_to_y_studio, planes_to_luma, y_studio_to_gray
from sr_batch.inference.session import Session

RunTiles = Callable[[Callable[[Tile], None], Sequence[Tile]], None]
"""Calls the given function for every tile, in any order, possibly at the same time."""


def _ignore(outputs: Sequence[Pixels]) -> None:
    pass


def upscale(
    image: Image,
    session: Session,
    tiles: Sequence[Tile],
    mode: Color,
    run_tiles: RunTiles,
    show: Callable[[Sequence[Pixels]], None] = _ignore,
) -> Image:
    """Enlarge ``image`` by the scale of ``session``; data type, metadata and format stay.

    Args:
        image: Color under transparent pixels should be bled already.
        session: An RGB or a Y network; a Y network in ``rgb`` mode runs on each channel.
        tiles: Tiles whose cores cover the image once.
        mode: ``rgb`` runs the network on color. ``y`` runs it on luma and enlarges the color
            differences bicubically, for which windows must reach 2 pixels beyond their core.
        run_tiles: Runs the work on each tile.
        show: Gets the arrays that the tiles are stored in, before the first of them is computed.

    Raises:
        BadOutput: the network returned NaN or infinite values.
        OutOfMemory: from the session.
    """
    color = _empty_output(image.color, session.spec.scale)
    layers = [(image.color, color)]
    alpha = None
    if image.alpha is not None:
        source = image.alpha[..., None]
        alpha = _empty_output(source, session.spec.scale)
        if (source == source[0, 0]).all():
            alpha[:] = source[0, 0]
        else:
            layers.append((source, alpha))
    show([out for _, out in layers])
    run_tiles(partial(_work, session, mode, layers), tiles)
    return replace(image, color=color, alpha=None if alpha is None else alpha[..., 0])


def _work(
    session: Session, mode: Color, layers: Sequence[tuple[Pixels, Pixels]], tile: Tile
) -> None:
    """Enlarge one tile of each (input, output) pair in ``layers``."""
    for source, out in layers:
        planes = _to_planes(source[tile.window.slices])
        _store(_enlarge(session, planes, mode), tile, out)


def _empty_output(source: Pixels, scale: int) -> Pixels:
    height, width, channels = source.shape
    return np.empty((height * scale, width * scale, channels), source.dtype)


def _to_planes(window: Pixels) -> FloatArray:
    """(h, w, C) integers -> (C, h, w), 0..1."""
    levels = np.float32(np.iinfo(window.dtype).max)
    return np.divide(window.transpose(2, 0, 1), levels, dtype=np.float32, order="C")


def _store(planes: FloatArray, tile: Tile, out: Pixels) -> None:
    """Round the core of ``tile`` into its place in ``out`` (H, W, C). Overwrites ``planes``."""
    scale = planes.shape[1] // tile.window.size.height
    core = planes[:, *(tile.core.relative_to(tile.window) * scale).slices]
    if not np.isfinite(core).all():
        raise BadOutput("the network returned NaN or infinite values")
    levels = np.float32(np.iinfo(out.dtype).max)
    np.multiply(core, levels, out=core)
    np.rint(core, out=core)
    np.clip(core, 0, levels, out=core)
    target = out[(tile.core * scale).slices]
    for channel, plane in enumerate(core):  # three times as fast as all channels at once
        np.copyto(target[..., channel], plane, casting="unsafe")


def _enlarge(session: Session, planes: FloatArray, mode: Color) -> FloatArray:
    if len(planes) == 1:
        return _enlarge_gray(session, planes[0])[None]
    if mode == "y":
        return _enlarge_luma(session, planes)
    if session.spec.color == "rgb":
        return infer(session, planes)
    return np.stack([_enlarge_gray(session, plane) for plane in planes])


def _enlarge_gray(session: Session, gray: FloatArray) -> FloatArray:
    """(h, w) -> (H, W)."""
    if session.spec.color == "y":
        return y_studio_to_gray(infer(session, gray_to_y_studio(gray)[None])[0])
    mean: FloatArray = infer(session, np.repeat(gray[None], 3, axis=0)).mean(axis=0)
    return mean


def _enlarge_luma(session: Session, rgb: FloatArray) -> FloatArray:
    """Run the network on luma, and enlarge what red, green and blue add to it bicubically.

    YCbCr is linear in RGB, so this equals bicubic Cb and Cr.
    """
    luma = planes_to_luma(rgb)
    enlarged = np.repeat(_enlarge_gray(session, luma)[None], 3, axis=0)
    for plane, out in zip(rgb, enlarged, strict=True):
        add_enlarged(plane - luma, out)
    return enlarged


def infer(session: Session, planes: FloatArray) -> FloatArray:
    """(C, h, w) -> (C, H, W); pads to a size the network accepts, and crops its output."""
    _, height, width = planes.shape
    spec = session.spec
    rows, columns = spec.window_sides
    down, right = _missing(height, rows, spec), _missing(width, columns, spec)
    if down or right:
        planes = np.pad(planes, ((0, 0), (0, down), (0, right)), mode="edge")
    scale = spec.scale
    return session(planes[None])[0, :, : height * scale, : width * scale]


def _missing(side: int, fixed: int, spec: ModelSpec) -> int:
    """Pixels to add to ``side``, so that the network accepts it; the ``fixed`` one, if any."""
    if fixed:
        return fixed - side
    wanted = max(side, LEAST_SIDE, spec.least_side)
    return wanted + -wanted % spec.multiple - side
