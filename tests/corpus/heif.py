"""AVIF and HEIC files of every kind: by Pillow, OpenCV and pillow-heif, and made of boxes."""

import functools
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pillow_heif
from PIL import Image as Pillow

from tests.codec.heif_files import Part, Property, coded, grid, heif_file, ispe, nclx
from tests.codec.pictures import camera_exif, saved, xmp_packet
from tests.corpus.profiles import wide_profile
from tests.corpus.rows import Array, Read, scene, turned

Encode = Callable[[Array], bytes]

# Properties that turn a picture which lies as in a file of this EXIF orientation.
_TURNS: dict[int, tuple[Property, ...]] = {
    1: (),
    2: ((b"imir", b"\1"),),
    3: ((b"irot", b"\2"),),
    4: ((b"imir", b"\0"),),
    5: ((b"irot", b"\1"), (b"imir", b"\0")),
    6: ((b"irot", b"\3"),),
    7: ((b"irot", b"\1"), (b"imir", b"\1")),
    8: ((b"irot", b"\1"),),
}
_GAIN_MAP = (b"auxC", bytes(4) + b"urn:com:apple:photo:2020:aux:hdrgainmap\0")


def avif(pixels: Array, **options: Any) -> bytes:
    """What Pillow writes of ``pixels`` (H, W, 1, 3 or 4)."""
    picture = Pillow.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    return saved(picture, "AVIF", quality=95, subsampling="4:4:4", speed=9, **options)


def heic(pixels: Array, **options: Any) -> bytes:
    """What pillow-heif writes of ``pixels`` (H, W, 1, 3 or 4), 8 bit, or 16 which become 10."""
    height, width, samples = pixels.shape
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[samples] + (";16" if pixels.dtype == np.uint16 else "")
    out = io.BytesIO()
    options = {"quality": 90, "chroma": 444, **options}
    pillow_heif.encode(mode, (width, height), pixels.tobytes(), out, **options)
    return out.getvalue()


def _deep(bits: int) -> Read:
    pixels = scene(3, 16) >> (16 - bits)
    options = [cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 95]
    return Read(lambda: cv2.imencode(".avif", pixels[..., ::-1], options)[1].tobytes(), scene())


def _read(encode: Encode, samples: int = 3, keeps: str = "", **options: Any) -> Read:
    pixels = scene(samples)
    return Read(lambda: encode(pixels, **options), pixels, keeps=keeps)


def _turned(brand: bytes, encode: Encode, orientation: int) -> Read:
    """Its EXIF says something else, which decoders must ignore."""
    lying = turned(scene(), orientation)

    def make() -> bytes:
        part = coded(encode(lying))
        item = Part(b"Exif", bytes(4) + camera_exif(9 - orientation), (), ((b"cdsc", (1,)),))
        properties = part.properties + _TURNS[orientation]
        return heif_file(brand, [replace(part, properties=properties), item])

    return Read(make, scene(), keeps="exif")


def _in_tiles(brand: bytes, encode: Encode) -> Read:
    """As phones write: tiles, a profile, metadata and a gain map."""
    shown = scene(3, 8, 64, 128)

    def make() -> bytes:
        tiles = [coded(encode(np.ascontiguousarray(shown[:, at : at + 64]))) for at in (0, 64)]
        gain = coded(encode(scene(1, 8, 64, 64)))
        of_all: tuple[Property, ...] = (ispe(128, 64), (b"colr", b"prof" + wide_profile()))
        described = ((b"cdsc", (1,)),)
        return heif_file(
            brand,
            [
                Part(b"grid", grid(1, 2, 128, 64), of_all, ((b"dimg", (2, 3)),)),
                *tiles,
                Part(b"Exif", bytes(4) + camera_exif(1), (), described),
                Part(b"mime", xmp_packet(), (), described, b"application/rdf+xml"),
                replace(
                    gain, properties=(*gain.properties, _GAIN_MAP), references=((b"auxl", (1,)),)
                ),
            ],
        )

    return Read(make, shown, keeps="icc exif xmp")


def _of_numbers(primaries: int, transfer: int) -> Callable[[], bytes]:
    """Colours told by numbers in place of a profile."""

    def make() -> bytes:
        part = coded(avif(scene()))
        bare = tuple(prop for prop in part.properties if prop[0] != b"colr")
        return heif_file(b"avif", [replace(part, properties=(*bare, nclx(primaries, transfer)))])

    return make


def film() -> bytes:
    """An AVIF of several frames."""
    frames = [Pillow.fromarray(scene()), Pillow.fromarray(255 - scene())]
    return saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10)


hdr = _of_numbers(9, 16)
_METADATA: dict[str, Any] = {
    "exif": camera_exif(1),
    "xmp": xmp_packet(),
    "icc_profile": wide_profile(),
}

READ: dict[str, Read] = {
    **{f"avif-{samples}.avif": _read(avif, samples) for samples in (1, 3, 4)},
    **{f"heic-{samples}.heic": _read(heic, samples) for samples in (1, 3, 4)},
    **{f"avif-{bits}-bit.avif": _deep(bits) for bits in (10, 12)},
    **{f"avif-turn-{turn}.avif": _turned(b"avif", avif, turn) for turn in range(1, 9)},
    **{f"heic-turn-{turn}.heic": _turned(b"heic", heic, turn) for turn in range(1, 9)},
    "avif-tiles.avif": _in_tiles(b"avif", avif),
    "heic-tiles.heic": _in_tiles(b"heic", heic),
    "avif-words.avif": _read(avif, keeps="exif xmp icc", **_METADATA),
    "heic-words.heif": _read(heic, keeps="exif xmp icc", **_METADATA),
    "avif-display-p3.avif": Read(_of_numbers(12, 13), scene()),
    "avif-halved-chroma.avif": Read(
        lambda: saved(Pillow.fromarray(scene()), "AVIF", quality=95), scene()
    ),
    "heic-burst.heic": Read(
        lambda: heif_file(b"heic", [coded(heic(255 - scene())), coded(heic(scene()))], primary=2),
        scene(),
    ),
}
WHOLE = {"avif": functools.partial(avif, scene()), "heic": functools.partial(heic, scene())}
