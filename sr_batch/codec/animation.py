"""Frames as a player shows them: each is composed with what the canvas showed before.

GIF, WebP and PNG store frames differently, but compose them the same way. Backgrounds are
transparent, as in browsers, even if a file names a colour.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import Literal

import numpy as np

from sr_batch.codec.container import Block, Container
from sr_batch.core.errors import ImageTooLarge, UnreadableImage
from sr_batch.core.geometry import Region
from sr_batch.core.image import Pixels, Timing

After = Literal["keep", "clear", "restore"]

MAX_FRAMES = 1 << 14


@dataclass(frozen=True)
class Frame:
    """One frame as stored in the file.

    Attributes:
        region: The part of the canvas that it covers.
        milliseconds: How long it is shown.
        alpha: Whether an alpha plane follows its channels.
        over: Whether it is blended over the canvas; otherwise it replaces its region.
        after: What happens to its region when its time is over: it is kept, cleared, or restored
            to what it showed before.
        blocks: Decodes rows in bands. Raises :class:`sr_batch.core.errors.UnreadableImage`.
    """

    region: Region
    milliseconds: Fraction
    alpha: bool
    over: bool
    after: After
    blocks: Callable[[], Iterable[Block]]


def containers(canvas: Container, stored: Iterable[Frame], plays: int) -> tuple[Container, ...]:
    """Composed pictures, one for each of the ``stored`` frames; a single one is a still picture.

    Args:
        canvas: Size, channels, depth and metadata of all.
        stored: In playing order.
        plays: How often the animation plays; 0 is for ever.

    Raises:
        UnreadableImage: there are no frames, or one reaches beyond the canvas.
        ImageTooLarge: there are more than `MAX_FRAMES`.
    """
    frames = tuple(islice(stored, MAX_FRAMES + 1))
    if len(frames) > MAX_FRAMES:
        raise ImageTooLarge(f"it has over {MAX_FRAMES} frames; split it first")
    regions = {frame.region for frame in frames}
    if not regions or any(r.clamp(canvas.stored) != r or r.size.pixels < 1 for r in regions):
        raise UnreadableImage(f"truncated or damaged {canvas.format} (its frames)")
    composed, alpha = _composed(canvas, frames), _shows_through(canvas, frames)
    return tuple(
        replace(
            canvas,
            alpha=alpha,
            blocks=lambda: ((0, next(composed)),),
            timing=Timing(frame.milliseconds, plays) if len(frames) > 1 else None,
        )
        for frame in frames
    )


def _shows_through(canvas: Container, frames: Iterable[Frame]) -> bool:
    """Whether any pixel of a composed frame may be transparent."""
    whole = Region(0, 0, canvas.stored.width, canvas.stored.height)
    covered = False
    for frame in frames:
        before = covered
        if frame.alpha and not frame.over:
            covered = False
        elif frame.region == whole and not frame.alpha:
            covered = True
        if not covered:
            return True
        covered = {"keep": True, "clear": False, "restore": before}[frame.after]
    return False


def _composed(canvas: Container, frames: Iterable[Frame]) -> Iterator[Pixels]:
    """The canvas (H, W, channels and alpha) at every frame; always the same array."""
    shape = (canvas.stored.height, canvas.stored.width, canvas.channels + 1)
    pixels: Pixels = np.zeros(shape, np.uint8 if canvas.depth == 8 else np.uint16)
    for frame in frames:
        part = pixels[frame.region.slices]
        before = part.copy() if frame.after == "restore" else None
        for top, block in frame.blocks():
            _put(part[top : top + len(block)], block, frame)
        yield pixels
        if frame.after != "keep":
            part[:] = 0 if before is None else before


def _put(under: Pixels, pixels: Pixels, frame: Frame) -> None:
    """Place rows of ``frame`` on rows of the canvas."""
    samples = under.shape[2] - 1 + frame.alpha
    if frame.alpha and frame.over:
        _blend(under, pixels[..., :samples])
    else:
        under[..., -1] = np.iinfo(under.dtype).max
        under[..., :samples] = pixels[..., :samples]


def _blend(under: Pixels, over: Pixels) -> None:
    """Composite in place, plain alpha; exact where a pixel is opaque or fully transparent."""
    levels = np.iinfo(under.dtype).max
    alpha = over[..., -1]
    opaque, partly = alpha == levels, (alpha > 0) & (alpha < levels)
    under[opaque] = over[opaque]
    if partly.any():
        a, b = (side[partly].astype(np.float64) / levels for side in (over, under))
        of_b = b[:, -1:] * (1 - a[:, -1:])
        total = a[:, -1:] + of_b
        color = (a[:, :-1] * a[:, -1:] + b[:, :-1] * of_b) / total
        under[partly] = np.rint(np.concatenate((color, total), axis=1) * levels)
