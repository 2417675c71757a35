"""BMP files of every kind, put together here; the pixels lie from the bottom up."""

import struct

import numpy as np
from PIL import Image as Pillow

from sr_batch.core.image import Pixels
from tests.codec.pictures import saved
from tests.corpus.rows import Array, Read, painted, scene, sized, stepped

_CORE, _INFO, _V4, _V5 = 12, 40, 108, 124
_PLAIN, _RLE8, _RLE4, _MASKS = 0, 1, 2, 3


def bmp(
    size: tuple[int, int],
    bits: int,
    body: bytes,
    *,
    head: int = _INFO,
    packing: int = _PLAIN,
    palette: bytes = b"",
    masks: tuple[int, ...] = (),
    dots: int = 0,
) -> bytes:
    """A BMP of ``size`` (width, height; negative if from the top down) and ``body``.

    Args:
        size: Width and height.
        bits: Per pixel.
        body: Rows as stored in the file.
        head: Length of the header, which is its edition.
        packing: 0 none, 1 and 2 runs, 3 by ``masks``.
        palette: Blue, green, red and zero of every colour; OS/2 has no zero.
        masks: Where red, green, blue and alpha lie.
        dots: Per metre.
    """
    extra = struct.pack(f"<{len(masks)}I", *masks)
    fields = struct.pack(
        "<IiiHHIIiiII", head, *size, 1, bits, packing, len(body), *(dots,) * 2, 0, 0
    )
    if head == _CORE:
        fields = struct.pack("<IHHHH", head, *size, 1, bits)
    elif head > _INFO:
        fields, extra = (fields + extra.ljust(16, b"\0") + b"BGRs").ljust(head, b"\0"), b""
    start = 14 + len(fields) + len(extra) + len(palette)
    return (
        struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start)
        + fields
        + extra
        + palette
        + body
    )


def rows(samples: Array, bits: int = 8) -> bytes:
    """``samples`` (H, W, S), each of so many bits, from the bottom up, padded to 4 bytes."""
    flat = samples[::-1].reshape(len(samples), -1).astype(np.uint8)
    spread = np.unpackbits(flat[..., None], axis=2)[..., 8 - bits :]
    packed = np.packbits(spread.reshape(len(flat), -1), axis=1)
    return np.pad(packed, ((0, 0), (0, -packed.shape[1] % 4))).tobytes()


def _runs(samples: Array, bits: int) -> bytes:
    """Runs of one pixel, an end to every row and one to the picture."""
    shift = 0 if bits == 8 else 4
    lines = samples[::-1].reshape(len(samples), -1)
    return (
        b"".join(
            b"".join(bytes((1, value << shift)) for value in line) + b"\0\0"
            for line in lines.tolist()
        )
        + b"\0\1"
    )


def _palette(bits: int, width: int = 4) -> tuple[Pixels, Pixels, bytes]:
    """Indices of the scene, what they show, and the palette as stored in the file."""
    levels = 2**bits
    indices = stepped(levels) // (255 // (levels - 1))
    ramp = np.linspace(0, 255, levels).astype(np.uint8)
    colors = np.stack((ramp, np.sqrt(ramp / 255.0) * 255, ramp // 2 + 40), axis=1).astype(np.uint8)
    stored = np.pad(colors[:, ::-1], ((0, 0), (0, width - 3)))
    return indices, painted(indices, colors), stored.tobytes()


def _indexed(bits: int, bound: float, *, head: int = _INFO, packing: int = _PLAIN) -> Read:
    indices, shows, palette = _palette(bits, 3 if head == _CORE else 4)
    body = _runs(indices, bits) if packing else rows(indices, bits)
    size = (shows.shape[1], shows.shape[0])
    return Read(
        lambda: bmp(size, bits, body, head=head, packing=packing, palette=palette),
        shows,
        bound=bound,
    )


def _true_color(pixels: Pixels, dots: int = 0) -> bytes:
    return bmp((pixels.shape[1], pixels.shape[0]), 24, rows(pixels[..., ::-1]), dots=dots)


def _high_color(green: int) -> Read:
    """16 bit a pixel, of which green has so many and red and blue have 5."""
    shifts = np.array((5 + green, 5, 0))
    levels = np.array((31, 2**green - 1, 31))
    values = np.rint(scene() / 255.0 * levels).astype(int)
    shows = np.rint(values / levels * 255).astype(np.uint8)
    numbers = (values << shifts).sum(axis=2).astype("<u2")
    masks = tuple((levels << shifts).tolist())
    body = rows(numbers.view(np.uint8).reshape(*numbers.shape, 2))
    size = (shows.shape[1], shows.shape[0])
    return Read(lambda: bmp(size, 16, body, packing=_MASKS, masks=masks), shows)


_SIZE = (scene().shape[1], scene().shape[0])
_BGRA = scene(4)[..., [2, 1, 0, 3]]
_ALPHA_MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)

READ: dict[str, Read] = {
    "bmp-palette-1.bmp": _indexed(1, 12),
    "bmp-palette-4.bmp": _indexed(4, 28),
    "bmp-palette-8.bmp": _indexed(8, 30),
    "bmp-runs-4.bmp": _indexed(4, 28, packing=_RLE4),
    "bmp-runs-8.bmp": _indexed(8, 30, packing=_RLE8),
    "bmp-os2-8.bmp": _indexed(8, 30, head=_CORE),
    "bmp-rgb-565.bmp": _high_color(6),
    "bmp-rgb-555.bmp": _high_color(5),
    "bmp-rgb-24.bmp": Read(lambda: _true_color(scene()), scene()),
    "bmp-rgb-32.bmp": Read(lambda: bmp(_SIZE, 32, rows(_BGRA)), scene()),
    "bmp-rgba-v4.bmp": Read(
        lambda: bmp(_SIZE, 32, rows(_BGRA), head=_V4, packing=_MASKS, masks=_ALPHA_MASKS), scene(4)
    ),
    "bmp-rgba-v5.bmp": Read(
        lambda: bmp(_SIZE, 32, rows(_BGRA), head=_V5, packing=_MASKS, masks=_ALPHA_MASKS), scene(4)
    ),
    "bmp-top-down.bmp": Read(
        lambda: bmp((_SIZE[0], -_SIZE[1]), 24, rows(scene()[::-1, :, ::-1])), scene()
    ),
    "bmp-dpi.bmp": Read(lambda: _true_color(scene(), 11811), scene(), keeps="dpi"),
    "bmp-gray-8.bmp": Read(lambda: saved(Pillow.fromarray(scene(1).squeeze(2)), "BMP"), scene(1)),
    "bmp-1x1.bmp": sized(_true_color, 1, 1),
    "bmp-1x33.bmp": sized(_true_color, 1, 33),
    "bmp-33x1.bmp": sized(_true_color, 33, 1),
}
