"""TIFF files of every kind: packed by libtiff through Pillow, or laid out here and by tifffile."""

import struct
from collections.abc import Mapping, Sequence
from io import BytesIO
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import tifffile
from PIL import Image as Pillow

from sr_batch.codec.metadata import ifd
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.image import Pixels
from tests.codec.pictures import IPTC_RECORD, by_tifffile, camera_exif, saved, tiff_file, xmp_packet
from tests.corpus.profiles import gray_profile, wide_profile
from tests.corpus.rows import Array, Read, painted, scene, sized, stepped, turned

_ORDERS = {"little": "<", "big": ">"}
_PREMULTIPLIED, _PLAIN_ALPHA = 1, 2


def _laid(
    samples: int = 3,
    depth: int = 8,
    order: str = "<",
    tags: Mapping[Tag, int | Sequence[int]] = MappingProxyType({}),
    **options: Any,
) -> Read:
    """The scene as `tiff_file` lays it out."""
    pixels = scene(samples, depth)
    alpha = {Tag.EXTRA_SAMPLES: _PLAIN_ALPHA} if samples in (2, 4) else {}
    return Read(lambda: tiff_file(pixels, order, tags={**alpha, **tags}, **options), pixels)


def _packed(compression: str, samples: int = 3, bound: float = 30.0, **options: Any) -> Read:
    """As Pillow has libtiff pack it."""
    pixels = scene(samples)
    picture = Pillow.fromarray(pixels.squeeze(2) if samples == 1 else pixels)
    return Read(
        lambda: saved(picture, "TIFF", compression=compression, **options), pixels, bound=bound
    )


def _fax(compression: str) -> Read:
    shows = stepped(2)
    picture = Pillow.fromarray(shows.squeeze(2)).convert("1", dither=Pillow.Dither.NONE)
    return Read(lambda: saved(picture, "TIFF", compression=compression), shows, bound=12)


def _few(bits: int, bound: float, *, white_is_zero: bool = False, palette: bool = False) -> Read:
    """Samples of less than a byte, packed; in gray of either sense or by a palette."""
    levels = 2**bits
    values = stepped(levels) // (255 // (levels - 1))
    shows = 255 - stepped(levels) if white_is_zero else stepped(levels)
    tags: dict[Tag, int | list[int]] = {Tag.PHOTOMETRIC: 0 if white_is_zero else 1}
    if palette:
        ramp = np.linspace(20, 255, levels).astype(np.uint8)
        colors = np.stack((ramp, ramp // 2, 255 - ramp // 3), axis=1)
        shows = painted(values, colors)
        tags = {Tag.PHOTOMETRIC: 3, Tag.PALETTE: (colors.T.astype(int) * 257).ravel().tolist()}
    return Read(lambda: _of_bits(values, bits, tags), shows, bound=bound)


def _of_bits(values: Array, bits: int, tags: Mapping[Tag, int | list[int]]) -> bytes:
    """`tiff_file` counts in bytes: it is given rows of packed bytes, and told better."""
    spread = np.unpackbits(values.astype(np.uint8)[..., :1], axis=2)[..., 8 - bits :]
    rows = np.packbits(spread.reshape(len(values), -1), axis=1)[..., None]
    return tiff_file(rows, tags={Tag.WIDTH: values.shape[1], Tag.BITS: bits, **tags})


def _premultiplied(depth: int) -> Read:
    pixels = scene(4, depth)
    pixels[..., 3] = np.maximum(pixels[..., 3], 2**depth // 4)
    opacity = pixels[..., 3:] / (2**depth - 1)
    stored = pixels.copy()
    stored[..., :3] = np.rint(pixels[..., :3] * opacity)
    return Read(lambda: tiff_file(stored, tags={Tag.EXTRA_SAMPLES: _PREMULTIPLIED}), pixels)


def _by_tifffile(
    samples: int, depth: int, *, order: Literal["<", ">"] = "<", **options: Any
) -> Read:
    """The scene as tifffile lays out a BigTIFF."""
    pixels = scene(samples, depth)

    def make() -> bytes:
        out = BytesIO()
        options["extrasamples"] = ["unassalpha"] if samples in (2, 4) else None
        with tifffile.TiffWriter(out, bigtiff=True, byteorder=order) as file:
            stored = pixels.squeeze(2) if samples == 1 else pixels
            kind = "rgb" if samples > 2 else "minisblack"
            file.write(stored, photometric=kind, metadata=None, **options)
        return out.getvalue()

    return Read(make, pixels)


def _of(stored: Array, shows: Pixels, bound: float = 30.0, **options: Any) -> Read:
    """Samples as tifffile stores them, and what they show."""
    return Read(lambda: by_tifffile(stored, **options), shows, bound=bound)


def _inks(depth: int) -> Pixels:
    """Those of the scene, without black."""
    color = ~scene(3, depth)
    return np.concatenate((color, np.zeros_like(color[..., :1])), axis=2)


def _of_twelve_bits() -> bytes:
    values = (scene(3, 16) >> 4).astype(">u2")
    spread = np.unpackbits(values.view(np.uint8).reshape(*values.shape, 2), axis=3)[..., 4:]
    rows = np.packbits(spread.reshape(len(values), -1), axis=1)[..., None]
    wide = {Tag.WIDTH: values.shape[1], Tag.SAMPLES: 3, Tag.PHOTOMETRIC: 2}
    return tiff_file(rows, tags={**wide, Tag.BITS: [12] * 3})


def _said(keeps: str, **options: Any) -> Read:
    return Read(lambda: saved(Pillow.fromarray(scene()), "TIFF", **options), scene(), keeps=keeps)


def _with_entries(entries: Mapping[int, ifd.Entry | ifd.Tree], keeps: str, order: str) -> Read:
    """The scene in one strip, its directory with ``entries`` besides."""

    def make() -> bytes:
        pixels = scene()
        height, width, samples = pixels.shape
        body = pixels.tobytes()
        usual = {
            Tag.WIDTH: (width,),
            Tag.HEIGHT: (height,),
            Tag.BITS: (8,) * samples,
            Tag.PHOTOMETRIC: (2,),
            Tag.STRIP_OFFSETS: (8,),
            Tag.SAMPLES: (samples,),
            Tag.STRIP_COUNTS: (len(body),),
        }
        tree: dict[int, ifd.Entry | ifd.Tree] = {
            tag: ifd.integers(order, ifd.LONG, *values) for tag, values in usual.items()
        }
        at = 8 + len(body) + len(body) % 2
        directory = ifd.write_tree({**tree, **entries}, order, at)
        return ifd.header(order, at) + body + bytes(len(body) % 2) + directory

    return Read(make, scene(), keeps=keeps)


def _camera_entries(order: str) -> dict[int, ifd.Entry | ifd.Tree]:
    """Maker, camera, date, EXIF and GPS, as cameras and their programs write them."""
    block = camera_exif(1, order)
    _, at, _ = ifd.read_header(block)
    return ifd.read_tree(block, ifd.read_directory(block, at, order))


def _bytes(kind: int, data: bytes) -> ifd.Entry:
    return ifd.Entry(kind, len(data), data)


def _turned(orientation: int) -> Read:
    lying = turned(scene(), orientation)
    return Read(lambda: tiff_file(lying, tags={Tag.ORIENTATION: orientation}), scene())


def _with_a_smaller_copy() -> bytes:
    out = BytesIO()
    first, second = Pillow.fromarray(scene()), Pillow.fromarray(scene(3, 8, 13, 18))
    second.encoderinfo = {"tiffinfo": {254: 1}}
    first.save(out, "TIFF", save_all=True, append_images=[second])
    return out.getvalue()


def _five_samples() -> bytes:
    pixels = np.concatenate((scene(), scene()), axis=2)[..., :5]
    return tiff_file(pixels, tags={Tag.EXTRA_SAMPLES: [0, 0]})


def _padded(pixels: Pixels) -> bytes:
    """A legal file with a megabyte of nothing between its pixels and its directory."""
    data = bytearray(tiff_file(pixels))
    (at,) = struct.unpack_from("<I", data, 4)
    # Offsets of values inside the directory would move: it is read and written again.
    page = ifd.read_directory(bytes(data), at, "<")
    moved = at + (1 << 20)
    body = bytes(data[8:at]) + bytes(1 << 20)
    return ifd.header("<", moved) + body + ifd.write_tree(page.entries, "<", moved)


_PREDICTED = {"deflate": True, "predictor": True}
_LAYOUTS: dict[str, dict[str, Any]] = {
    "strips": {},
    "tiles": {"tile": 16},
    "planes": {"separate": True},
    "predicted": _PREDICTED,
    "predicted-tiles": {**_PREDICTED, "tile": 16},
}

READ: dict[str, Read] = {
    **{
        f"tiff-{name}-endian-{kind}-{depth}.tif": _laid(3, depth, order, **options)
        for name, order in _ORDERS.items()
        for depth in (8, 16)
        for kind, options in _LAYOUTS.items()
    },
    "tiff-gray-8.tif": _laid(1),
    "tiff-gray-16.tif": _laid(1, 16),
    "tiff-gray-alpha-8.tif": _laid(2),
    "tiff-gray-alpha-16-planes.tif": _laid(2, 16, separate=True),
    "tiff-rgba-8.tif": _laid(4),
    "tiff-rgba-16.tif": _laid(4, 16, deflate=True),
    "tiff-premultiplied-8.tif": _premultiplied(8),
    "tiff-premultiplied-16.tif": _premultiplied(16),
    "tiff-five-samples.tif": Read(_five_samples, scene()),
    **{f"tiff-gray-{bits}.tif": _few(bits, bound) for bits, bound in ((1, 12), (2, 20), (4, 30))},
    "tiff-white-is-zero-1.tif": _few(1, 12, white_is_zero=True),
    "tiff-white-is-zero-4.tif": _few(4, 28, white_is_zero=True),
    "tiff-palette-1.tif": _few(1, 12, palette=True),
    "tiff-palette-4.tif": _few(4, 28, palette=True),
    "tiff-palette-8.tif": _few(8, 30, palette=True),
    **{
        f"tiff-{compression.removeprefix('tiff_')}.tif": _packed(compression)
        for compression in (
            *("tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "zstd", "tiff_lzma"),
            "jpeg",
        )
    },
    "tiff-jpeg-gray.tif": _packed("jpeg", 1),
    "tiff-lzw-rgba.tif": _packed("tiff_lzw", 4),
    **{f"tiff-{name}.tif": _fax(name) for name in ("group3", "group4", "tiff_ccitt")},
    "tiff-big.tif": _by_tifffile(3, 8),
    "tiff-big-gray-16.tif": _by_tifffile(1, 16, compression="zlib"),
    "tiff-big-big-endian-tiles-16.tif": _by_tifffile(4, 16, order=">", tile=(16, 16)),
    "tiff-big-strip-a-row.tif": _by_tifffile(3, 16, order=">", rowsperstrip=1),
    "tiff-float-16.tif": _of((scene(3, 16) / 65535).astype("f2"), scene(3, 16), photometric="rgb"),
    "tiff-float-32-alpha.tif": _of(
        scene(4, 16) / np.float32(65535), scene(4, 16), photometric="rgb"
    ),
    "tiff-float-64-gray.tif": _of(
        scene(1, 16).squeeze(2) / 65535, scene(1, 16), photometric="minisblack"
    ),
    "tiff-32.tif": _of(scene(3, 16) * np.uint32(65537), scene(3, 16), photometric="rgb"),
    "tiff-signed-16.tif": _of(
        (scene(3, 16) - 32768.0).astype("i2"), scene(3, 16), photometric="rgb"
    ),
    "tiff-12.tif": Read(_of_twelve_bits, scene(3, 16)),
    "tiff-inks-16.tif": _of(_inks(16), scene(3, 16), photometric="separated", compression="zlib"),
    "tiff-inks-jpeg.tif": Read(
        lambda: saved(Pillow.fromarray(_inks(8), "CMYK"), "TIFF", compression="jpeg"), scene()
    ),
    **{f"tiff-orientation-{turn}.tif": _turned(turn) for turn in range(1, 9)},
    "tiff-icc-wide.tif": _said("icc", icc_profile=wide_profile()),
    "tiff-icc-gray.tif": Read(
        lambda: saved(Pillow.fromarray(scene(1).squeeze(2)), "TIFF", icc_profile=gray_profile()),
        scene(1),
        keeps="icc",
    ),
    "tiff-dpi.tif": _said("dpi", dpi=(300, 150)),
    "tiff-dpi-per-centimetre.tif": _said(
        "dpi", x_resolution=118, y_resolution=59, resolution_unit="cm"
    ),
    **{
        f"tiff-all-words-{name}-endian.tif": _with_entries(
            {
                **_camera_entries(order),
                Tag.XMP: _bytes(ifd.BYTE, xmp_packet()),
                Tag.IPTC: _bytes(ifd.UNDEFINED, IPTC_RECORD),
                Tag.ICC: _bytes(ifd.UNDEFINED, wide_profile()),
            },
            "exif icc iptc xmp",
            order,
        )
        for name, order in _ORDERS.items()
    },
    "tiff-long-words.tif": _with_entries(
        {270: _bytes(2, b"A" * 2_000_000 + b"\0"), **_camera_entries("<")}, "exif", "<"
    ),
    "tiff-smaller-copy-behind.tif": Read(_with_a_smaller_copy, scene()),
    "tiff-padded.tif": Read(lambda: _padded(scene()), scene()),
    "tiff-called.png": _laid(),
    "tiff-1x1.tif": sized(tiff_file, 1, 1),
    "tiff-1x33.tif": sized(tiff_file, 1, 33),
    "tiff-33x1.tif": sized(tiff_file, 33, 1),
}
