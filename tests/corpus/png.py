"""PNG files of every kind, put together here."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image as Pillow

from tests.codec.pictures import (
    IPTC_RECORD,
    camera_exif,
    png_chunk,
    saved,
    srgb_profile,
    xmp_packet,
)
from tests.corpus.profiles import gray_profile, wide_profile
from tests.corpus.rows import Array, Read, painted, scene, sized, stepped, turned

Chunk = tuple[bytes, bytes]

GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
_KINDS = {1: GRAY, 2: GRAY_ALPHA, 3: RGB, 4: RGB_ALPHA}
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_PALETTE = np.stack([(37 * np.arange(256) + shift) % 256 for shift in (5, 90, 170)], axis=1)
_RAMP = np.sort(_PALETTE.astype(np.uint8), axis=0)


def png(
    values: Array,
    bits: int = 8,
    kind: int | None = None,
    *extra: Chunk,
    interlaced: bool = False,
    pieces: int = 1,
    behind: tuple[Chunk, ...] = (),
) -> bytes:
    """A PNG of the samples ``values`` (H, W, S).

    Args:
        values: As stored in the file: 0 to 2**bits - 1.
        bits: Per sample.
        kind: Colour type; None is by the number of samples.
        extra: Chunks between the header and the pixels.
        interlaced: Whether they come in seven passes.
        pieces: Number of chunks of pixels.
        behind: Chunks between the pixels and the end.
    """
    height, width = values.shape[:2]
    kind = _KINDS[values.shape[2]] if kind is None else kind
    rows = b"".join(_rows(values, bits, interlaced))
    packed, step = zlib.compress(rows), -(-len(zlib.compress(rows)) // pieces)
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced)
    chunks = [
        (b"IHDR", head),
        *extra,
        *((b"IDAT", packed[at : at + step]) for at in range(0, len(packed), step)),
        *behind,
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def _rows(values: Array, bits: int, interlaced: bool) -> Iterator[bytes]:
    """Filtered rows; the filters take turns, as far as they can do nothing but look left."""
    for left, top, across, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = values[top::down, left::across]
        if not part.size:
            continue
        for number, row in enumerate(part):
            raw = np.frombuffer(_packed(row.reshape(-1), bits), np.uint8)
            step = max(1, row.shape[-1] * bits // 8)
            before = np.concatenate((np.zeros(step, np.uint8), raw))[: len(raw)]
            yield b"\1" + (raw - before).tobytes() if number % 2 else b"\0" + raw.tobytes()


def _packed(row: Array, bits: int) -> bytes:
    if bits == 16:
        return row.astype(">u2").tobytes()
    spread = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - bits :]
    return np.packbits(spread).tobytes()


def _few(bits: int) -> Array:
    """Levels of the scene in gray."""
    return np.asarray(stepped(2**bits) // (255 // (2**bits - 1)))


def _colors(bits: int) -> Array:
    """A palette of so many bits, from dark to bright."""
    return _RAMP[:: 256 >> bits]


def _palette(bits: int, *, clear: int = 0, interlaced: bool = False) -> Read:
    """Indices of the scene into a palette, of which the first ``clear`` are half transparent."""
    indices, palette = _few(bits), _colors(bits)
    extra = [(b"PLTE", palette.tobytes())]
    if clear:
        alpha = np.full((len(palette), 1), 255, np.uint8)
        alpha[:clear] = 128
        extra.append((b"tRNS", alpha[:clear].tobytes()))
        palette = np.concatenate((palette, alpha), axis=1)
    shows = painted(indices, palette)
    bound = {1: 12.0, 2: 20.0, 4: 30.0, 8: 30.0}[bits] - (6 if clear else 0)
    return Read(
        lambda: png(indices, bits, PALETTE, *extra, interlaced=interlaced), shows, bound=bound
    )


def _keyed(values: Array, bits: int, bound: float = 30.0) -> Read:
    """The colour of the first pixel is transparent."""
    key = values[0, 0]
    opaque = (values != key).any(axis=2, keepdims=True)
    factor = 1 if bits == 16 else 255 // (2**bits - 1)
    limit = 65535 if bits == 16 else 255
    shows = np.concatenate((values * factor, opaque * limit), axis=2)
    chunk = (b"tRNS", key.astype(">u2").tobytes())
    dtype = np.uint16 if bits == 16 else np.uint8
    return Read(lambda: png(values, bits, None, chunk), shows.astype(dtype), bound=bound)


def _said(*extra: Chunk, keeps: str = "", behind: tuple[Chunk, ...] = ()) -> Read:
    """The scene in RGB with ``extra`` chunks."""
    return Read(lambda: png(scene(), 8, None, *extra, behind=behind), scene(), keeps=keeps)


def _turned(orientation: int) -> Read:
    lying = turned(scene(), orientation)
    return Read(
        lambda: png(lying, 8, None, (b"eXIf", camera_exif(orientation))), scene(), keeps="exif"
    )


def _icc(profile: bytes) -> Chunk:
    return b"iCCP", b"profile\0\0" + zlib.compress(profile)


def _plain(samples: int, depth: int = 8, *, interlaced: bool = False) -> Read:
    pixels = scene(samples, depth)
    return Read(lambda: png(pixels, depth, interlaced=interlaced), pixels)


_XMP = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_packet())
_IPTC = b"\niptc\n%8d\n" % len(IPTC_RECORD) + IPTC_RECORD.hex().encode() + b"\n"

READ: dict[str, Read] = {
    **{
        f"png-gray-{bits}.png": Read(
            lambda bits=bits: png(_few(bits), bits),  # type: ignore[misc]
            stepped(2**bits),
            bound=bound,
        )
        for bits, bound in ((1, 12), (2, 20), (4, 30))
    },
    "png-gray-8.png": _plain(1),
    "png-gray-16.png": _plain(1, 16),
    "png-gray-alpha-8.png": _plain(2),
    "png-gray-alpha-16.png": _plain(2, 16),
    "png-rgb-8.png": _plain(3),
    "png-rgb-16.png": _plain(3, 16),
    "png-rgba-8.png": _plain(4),
    "png-rgba-16.png": _plain(4, 16),
    "png-interlaced-gray-1.png": Read(
        lambda: png(_few(1), 1, interlaced=True), stepped(2), bound=12
    ),
    "png-interlaced-gray-16.png": _plain(1, 16, interlaced=True),
    "png-interlaced-rgb-8.png": _plain(3, interlaced=True),
    "png-interlaced-rgba-16.png": _plain(4, 16, interlaced=True),
    **{f"png-palette-{bits}.png": _palette(bits) for bits in (1, 2, 4, 8)},
    "png-palette-interlaced.png": _palette(4, interlaced=True),
    "png-palette-clear-4.png": _palette(4, clear=6),
    "png-palette-clear-8.png": _palette(8, clear=256),
    "png-key-gray-2.png": _keyed(_few(2), 2, bound=10),
    "png-key-gray-16.png": _keyed(scene(1, 16), 16),
    "png-key-rgb-8.png": _keyed(scene(), 8),
    "png-key-rgb-16.png": _keyed(scene(3, 16), 16),
    **{f"png-orientation-{turn}.png": _turned(turn) for turn in range(1, 9)},
    "png-icc-srgb.png": _said(_icc(srgb_profile()), keeps="icc"),
    "png-icc-wide.png": _said(_icc(wide_profile()), keeps="icc"),
    "png-icc-gray.png": Read(
        lambda: png(scene(1), 8, None, _icc(gray_profile())), scene(1), keeps="icc"
    ),
    "png-dpi.png": _said((b"pHYs", struct.pack(">IIB", 11811, 5906, 1)), keeps="dpi"),
    "png-xmp.png": _said(_XMP, keeps="xmp"),
    "png-xmp-behind.png": _said(behind=(_XMP,), keeps="xmp"),
    "png-iptc.png": _said(
        (b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(_IPTC)), keeps="iptc"
    ),
    "png-exif-behind.png": _said(behind=((b"eXIf", camera_exif()),), keeps="exif"),
    "png-long-text.png": _said((b"tEXt", b"Comment\0" + b"A" * 3_000_000)),
    "png-text-bomb.png": _said((b"zTXt", b"Comment\0\0" + zlib.compress(bytes(10_000_000)))),
    "png-many-chunks.png": _said(*(((b"tEXt", b"Comment\0many"),) * 2000)),
    "png-gamma.png": _said((b"gAMA", struct.pack(">I", 45455)), (b"sRGB", b"\0")),
    "png-unknown-chunk.png": _said((b"prIv", bytes(99))),
    "png-in-pieces.png": Read(lambda: png(scene(), pieces=40), scene()),
    "png-junk-at-the-end.png": Read(lambda: png(scene()) + b"junk" * 50, scene()),
    "png-animation-of-one-frame.png": Read(
        lambda: saved(Pillow.fromarray(scene()), "PNG", save_all=True), scene()
    ),
    "png-called.jpg": _plain(3),
    "png-called-nothing": _plain(3),
    "png-1x1.png": sized(png, 1, 1),
    "png-1x33.png": sized(png, 1, 33),
    "png-33x1.png": sized(png, 33, 1),
    "png-2x2.png": sized(png, 2, 2),
    "png-700x3.png": sized(png, 700, 3),
}
