"""Frames as a player shows them: each becomes the whole canvas, what was there before included.

GIF, WebP and PNG differ in how a frame is stored, not in what is done with it. Backgrounds are
transparent, as in browsers, whatever colour a file names.
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
    """One frame as it lies in the file.

    Attributes:
        region: What it covers of the canvas.
        milliseconds: For which it is shown.
        alpha: Whether an alpha plane follows its channels.
        over: Whether it is blended over what is there; otherwise it takes its place.
        after: What becomes of its region when its time is over: it is kept, cleared, or what was
            there before is restored.
        blocks: Decodes: rows in bands. Raises :class:`sr_batch.core.errors.UnreadableImage`.
    """

    region: Region
    milliseconds: Fraction
    alpha: bool
    over: bool
    after: After
    blocks: Callable[[], Iterable[Block]]


def containers(canvas: Container, stored: Iterable[Frame], plays: int) -> tuple[Container, ...]:
    """Whole pictures, one for each of the frames that are ``stored``; a single one stands still.

    Args:
        canvas: Size, channels, depth and metadata of all.
        stored: In their order.
        plays: How often all are shown; 0 is for ever.

    Raises:
        UnreadableImage: there are none, or one reaches beyond the canvas.
        ImageTooLarge: there are more than anybody looks at.
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
    """Whether anything of any composed frame may be transparent."""
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
    """The canvas (H, W, channels and alpha) at every frame; the same array all the time."""
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
    """Composite in place; neither is premultiplied. What is opaque or invisible is exact."""
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
