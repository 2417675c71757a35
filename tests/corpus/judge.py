"""Whether an output has the picture and the metadata of its input, by other decoders."""

import math
import warnings
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import OpenImageIO
import tifffile
from PIL import Image as Pillow
from PIL import IptcImagePlugin
from PIL.ImageFile import ImageFile

from sr_batch.core.image import Pixels
from tests.codec.pictures import GPS, open_opencv, srgb_profile
from tests.corpus.profiles import gray_profile, wide_profile
from tests.corpus.rows import Array, Read

_PROFILES = [profile().rstrip(b"\0") for profile in (srgb_profile, wide_profile, gray_profile)]
_DPI = ((300, 150), (300, 300))


def faults(path: Path, row: Read) -> list[str]:
    """The faults of the output at ``path`` for the corpus's ``row``; empty if it is right."""
    return [*_of_picture(decoded(path), row), *_of_metadata(path, row)]


def decoded(path: Path) -> Pixels:
    """The pixels (H, W, C) of an output, all of them decoded."""
    if path.suffix == ".tif":  # Pillow has no gray of 16 bit with alpha
        pixels = tifffile.imread(path, key=0)
    elif path.suffix == ".jxl":
        pixels = _jxl(path.read_bytes())
    elif path.read_bytes().startswith(b"\x89PNG"):  # Pillow cuts 16 bit to 8
        pixels = open_opencv(path.read_bytes())
    else:
        with warnings.catch_warnings(action="ignore"), Pillow.open(path) as picture:
            # Pillow warns about EXIF that is invalid in the input, too.
            pixels = np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)
    return pixels.reshape(*pixels.shape[:2], -1)


def _jxl(data: bytes) -> Array:
    """By OpenImageIO, which does not recognise a JPEG XL of less than 128 bytes."""
    with NamedTemporaryFile(suffix=".jxl") as file:
        file.write(data + bytes(128))
        file.flush()
        buffer = OpenImageIO.ImageBuf(file.name)
        return np.asarray(buffer.get_pixels(buffer.spec().format))


def likeness(enlarged: Array, small: Array) -> float:
    """PSNR in dB between ``enlarged``, reduced to means of 2 x 2, and ``small``, of one depth."""
    height, width = small.shape[:2]
    reduced = enlarged.reshape(height, 2, width, 2, -1).mean(axis=(1, 3))
    error = float(np.mean(np.square(reduced - small)))
    return 10 * math.log10(np.iinfo(small.dtype).max ** 2 / max(error, 1e-9))


def _of_picture(pixels: Array, row: Read) -> list[str]:
    height, width, samples = row.shows.shape
    if pixels.shape[:2] != (2 * height, 2 * width) or pixels.dtype != row.shows.dtype:
        return [f"{pixels.dtype} {pixels.shape} is not twice {row.shows.dtype} {row.shows.shape}"]
    expected = row.shows
    if samples < 3 and pixels.shape[2] > 2:  # a container without gray, or without gray and alpha
        expected = expected[..., [0, 0, 0, 1][: samples + 2]]
    if pixels.shape[2] != expected.shape[2]:
        return [f"it has {pixels.shape[2]} channels, not {expected.shape[2]}"]
    like = likeness(_weighed(pixels), _weighed(expected))
    return [] if like >= row.bound else [f"it is {like:.1f} dB like its input, not {row.bound}"]


def _weighed(pixels: Array) -> Array:
    """Colour multiplied by alpha, then alpha: transparent pixels have no colour."""
    if pixels.shape[2] in (1, 3):
        return pixels
    opacity = pixels[..., -1:] / np.iinfo(pixels.dtype).max
    color = np.rint(pixels[..., :-1] * opacity)
    return np.concatenate((color, pixels[..., -1:]), axis=2).astype(pixels.dtype)


def _of_metadata(path: Path, row: Read) -> list[str]:
    if not row.keeps and row.frames == 1:
        return []
    with Pillow.open(path) as picture:
        picture.load()
        exif, info = picture.getexif(), picture.info
        frames = getattr(picture, "n_frames", 1)
    dpi = tuple(round(float(side)) for side in info.get("dpi", ()))
    icc = (info.get("icc_profile") or b"").rstrip(b"\0")
    holds = {
        "icc": any(
            icc.startswith(profile) and not icc[len(profile) :].strip(b"\0")
            for profile in _PROFILES
        ),
        "dpi": dpi in _DPI,
        "exif": exif.get(271) == "Maker" and exif.get(274, 1) == 1 and exif.get_ifd(34853) == GPS,
        "xmp": b"A cat" in (info.get("xmp") or exif.get(700) or b""),
        "iptc": b"A cat" in _record(picture),
    }
    lost = [f"{name} is lost" for name in row.keeps.split() if not holds[name]]
    return lost + ([f"it has {frames} frames"] if frames != row.frames else [])


def _record(picture: ImageFile) -> bytes:
    """The IPTC record as bytes; in a PNG they are hexadecimal digits in a text."""
    digits = "".join(picture.info.get("Raw profile type iptc", "").split("\n")[3:])
    return repr(IptcImagePlugin.getiptcinfo(picture)).encode() + bytes.fromhex(digits)
