"""From the picture that the boxes of an AVIF or a HEIC describe to a `Container`."""

from collections.abc import Callable, Iterable

import numpy as np

from sr_batch.codec.color import h273
from sr_batch.codec.container import Block, Container
from sr_batch.codec.heif.picture import Picture
from sr_batch.codec.metadata import exif, xmp
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.image import Metadata, Pixels


def to_container(
    kind: str,
    picture: Picture,
    depth: int,
    notes: Iterable[str],
    blocks: Callable[[], Iterable[Block]],
) -> Container:
    """The container of a ``picture`` that ``blocks`` decodes at ``depth``, cropped but not turned.

    Raises:
        UnsupportedImage: it is an HDR picture.
    """
    profile, note = h273.described(
        picture.icc, picture.primaries, picture.transfer, gray=picture.channels == 1
    )
    # Decoders ignore what EXIF and XMP say of orientation: it repeats the container's, or is wrong.
    turn = picture.orientation if picture.orientation > 1 else exif.orientation(picture.exif)
    said = [note, *picture.left_out, *notes]
    return Container(
        format=kind,
        stored=picture.stored,
        channels=picture.channels,
        alpha=picture.alpha,
        depth=depth,
        orientation=picture.orientation,
        metadata=Metadata(
            icc=profile,
            exif=exif.upright(picture.exif),
            xmp=picture.xmp and xmp.upright(picture.xmp, turn),
            dpi=exif.dpi(picture.exif),
            unread=picture.unread,
            note="; ".join(text for text in said if text) or None,
        ),
        blocks=blocks,
    )


def without_metadata(data: bytes, picture: Picture) -> bytes:
    """The file for a decoder: EXIF and XMP items are renamed, so that no decoder parses them."""
    bare = bytearray(data)
    for at in picture.metadata_at:
        bare[at : at + 4] = b"free"
    return bytes(bare)


def fitted(block: Pixels, picture: Picture, bits: int, depth: int) -> Pixels:
    """Decoded rows with the channels and the depth that the container of ``picture`` declares.

    Args:
        block: Rows (h, W, C); a gray picture may come as RGB.
        picture: The picture they belong to.
        bits: Per sample in ``block``.
        depth: Bits wanted, 8 or 16; values are rounded to nearest.

    Raises:
        UnreadableImage: channels are missing.
    """
    samples = picture.channels + picture.alpha
    if picture.channels == 1 and block.shape[2] > 2:
        block = block[..., :: 3 if picture.alpha else block.shape[2]]
    if block.shape[2] < samples:
        raise UnreadableImage(f"damaged file (it has {block.shape[2]} channels, not {samples})")
    if bits == depth:
        return block
    last, wanted = 2**bits - 1, 2**depth - 1
    known = np.minimum(block, last).astype(np.uint32)
    rounded: Pixels = (known * wanted + last // 2) // last
    return rounded.astype(np.uint16 if depth > 8 else np.uint8)
