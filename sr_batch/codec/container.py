"""An opened image file: its header, and a function that decodes its pixels.

Every format's module reads the structure of its files itself and gives the decoder only the bare
picture. So sizes are known without decoding, metadata keeps its bytes, and no library's limits,
warnings or repairs interfere.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from sr_batch.codec.orientation import as_stored, upright_size
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image, Metadata, Pixels, Timing

Block = tuple[int, Pixels]
"""Top row, and rows (h, W, C): channels, then alpha if there is any, then ignored samples."""


@dataclass(frozen=True)
class Container:
    """One picture of an opened file: most files have one, some have pages or frames.

    Attributes:
        format: As in :class:`sr_batch.core.image.Image`.
        stored: Size of the pixels as stored, before they are turned.
        channels: 1 (gray) or 3 (RGB).
        alpha: Whether an alpha plane follows the channels.
        depth: 8 or 16 bit.
        orientation: EXIF orientation, 1 to 8.
        metadata: Of the upright picture.
        blocks: Decodes rows in bands. Raises :class:`sr_batch.core.errors.UnreadableImage`. Frames
            must be decoded in their order.
        timing: Of a frame; None for a still picture.
        remarks: Notes that are known only after decoding, which fills them in.
        profile: Gives the ICC profile, in place of the metadata's, where it is known only after
            ``blocks`` are decoded.
    """

    format: str
    stored: Size
    channels: int
    alpha: bool
    depth: int
    orientation: int
    metadata: Metadata
    blocks: Callable[[], Iterable[Block]]
    timing: Timing | None = None
    remarks: set[str] = field(default_factory=set)
    profile: Callable[[], bytes | None] | None = None

    @property
    def size(self) -> Size:
        """Size of the upright picture."""
        return upright_size(self.stored, self.orientation)

    @property
    def decoded_bytes(self) -> int:
        """Memory of the decoded pixels."""
        return self.size.pixels * (self.channels + self.alpha) * self.depth // 8


def decode(container: Container) -> Image:
    """The upright picture. Bands are written to their final place, so turning takes no memory."""
    shape = (container.size.height, container.size.width)
    dtype = np.uint8 if container.depth == 8 else np.uint16
    color: Pixels = np.empty((*shape, container.channels), dtype)
    alpha: Pixels | None = np.empty(shape, dtype) if container.alpha else None
    stored_color = as_stored(color, container.orientation)
    stored_alpha = None if alpha is None else as_stored(alpha, container.orientation)
    for top, block in container.blocks():
        rows = slice(top, top + len(block))
        stored_color[rows] = block[..., : container.channels]
        if stored_alpha is not None:
            stored_alpha[rows] = block[..., container.channels]
    said = (container.metadata.note, *sorted(container.remarks))
    metadata = replace(container.metadata, note="; ".join(filter(None, said)) or None)
    if container.profile:
        metadata = replace(metadata, icc=container.profile())
    return Image(color, alpha, metadata, container.format, container.timing)
