"""JPEG XL files: by OpenImageIO through our encoder, with headers and boxes made here."""

import brotli
import numpy as np

from sr_batch import codec
from sr_batch.codec.heif.isobmff import box
from sr_batch.core.image import Image, Metadata
from tests.codec.jxl_files import SIGNATURE, frames, jxl_header
from tests.codec.pictures import camera_exif, xmp_packet
from tests.corpus.profiles import wide_profile
from tests.corpus.rows import HEIGHT, WIDTH, Array, Read, scene, turned


def jxl(pixels: Array, quality: int = 95, icc: bytes | None = None) -> bytes:
    """A bare codestream, or a file of boxes, of ``pixels`` (H, W, C)."""
    alpha = pixels[..., -1] if pixels.shape[2] in (2, 4) else None
    color = pixels[..., : 1 if pixels.shape[2] < 3 else 3]
    return codec.encode_image(Image(color, alpha, Metadata(icc=icc)), "jxl", quality)


def _read(samples: int = 3, depth: int = 8, quality: int = 95, icc: bytes | None = None) -> Read:
    pixels = scene(samples, depth)
    return Read(lambda: jxl(pixels, quality, icc), pixels)


def _turned(orientation: int) -> Read:
    def make() -> bytes:
        lying = turned(scene(), orientation)
        head = jxl_header(lying.shape[1], lying.shape[0], orientation=orientation)
        metadata = box(b"Exif", bytes(4) + camera_exif(9 - orientation))
        return SIGNATURE + metadata + box(b"jxlc", head + frames(np.asarray(lying)))

    return Read(make, scene())


def _packed() -> bytes:
    metadata = box(b"brob", b"Exif" + brotli.compress(bytes(4) + camera_exif(1)))
    metadata += box(b"brob", b"xml " + brotli.compress(xmp_packet()))
    whole = jxl(scene())
    return (
        SIGNATURE
        + metadata
        + box(b"jxlp", bytes(4) + whole[:9])
        + box(b"jxlp", b"\x80\0\0\1" + whole[9:])
    )


def film() -> bytes:
    """A header that says it is an animation."""
    return jxl_header(WIDTH, HEIGHT, animated=True) + frames(np.asarray(scene()))


READ: dict[str, Read] = {
    **{f"jxl-{samples}.jxl": _read(samples) for samples in (1, 3, 4)},
    **{f"jxl-{samples}-lossless.jxl": _read(samples, quality=100) for samples in (1, 3, 4)},
    **{f"jxl-{samples}-16.jxl": _read(samples, 16) for samples in (1, 3, 4)},
    **{f"jxl-turn-{turn}.jxl": _turned(turn) for turn in range(1, 9)},
    "jxl-wide.jxl": _read(icc=wide_profile()),
    "jxl-pieces.jxl": Read(_packed, scene()),
}
