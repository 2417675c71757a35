"""OpenImageIO's JPEG XL codec, for pixels alone. It is loaded with the first picture.

It works on files, not on memory: its input and output pass through a temporary folder.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sr_batch.codec.jxl.header import JxlHeader
from sr_batch.codec.metadata.icc import is_gray
from sr_batch.core.errors import ImageError, UnreadableImage, UnwritableOutput
from sr_batch.core.image import Pixels

_FARTHEST = 15.0  # beyond this distance libjxl shrinks the picture first


@dataclass(frozen=True)
class Decoded:
    """Pixels (H, W, C) the right way up, alpha last, and the profile they are encoded by."""

    pixels: Pixels
    icc: bytes | None


def decode(data: bytes, header: JxlHeader, depth: int) -> Decoded:
    """Decode a JPEG XL; ``depth`` is 8 or 16.

    Raises:
        UnreadableImage: truncated, corrupt, or not of the size and channels in ``header``.
    """
    import OpenImageIO

    plain = OpenImageIO.ImageSpec()
    plain.attribute("oiio:UnassociatedAlpha", 1)  # plain alpha, not premultiplied
    with _file(UnreadableImage) as path:
        path.write_bytes(data)
        source = OpenImageIO.ImageInput.open(str(path), plain)
        if source is None:
            raise UnreadableImage(f"truncated or damaged jxl ({_said(OpenImageIO.geterror())})")
        samples, profile = header.channels + header.alpha, source.spec().getattribute("ICCProfile")
        pixels = source.read_image(0, 0, 0, samples, f"uint{depth}")
        fault = source.geterror()
        source.close()
    if pixels is None:
        raise UnreadableImage(f"truncated or damaged jxl ({_said(fault)})")
    return Decoded(pixels, None if profile is None else bytes(np.asarray(profile, np.uint8)))


def encode(pixels: Pixels, quality: int, icc: bytes | None) -> bytes:
    """A JPEG XL of ``pixels`` (H, W, C), gray, RGB or RGBA; lossless at 100."""
    import OpenImageIO

    height, width, samples = pixels.shape
    kind = OpenImageIO.UINT8 if pixels.dtype == np.uint8 else OpenImageIO.UINT16
    spec = OpenImageIO.ImageSpec(width, height, samples, kind)
    # The distance that libjxl itself derives from a quality of 30 or more.
    distance = 0.1 + (100 - quality) * 0.09 if quality < 100 else 0.0
    spec.attribute("jpegxl:distance", "float", min(distance, _FARTHEST))
    # By measurement: 4 takes 0.2 s a megapixel, 5 ten times that for 12 % fewer bytes.
    spec.attribute("jpegxl:effort", "int", 4)
    spec.attribute("jpegxl:use_boxes", "int", 0)  # no EXIF of its own
    spec.attribute("oiio:UnassociatedAlpha", 1)
    if icc:
        profile = np.frombuffer(icc, np.uint8)
        spec.attribute("ICCProfile", OpenImageIO.TypeDesc(f"uint8[{len(icc)}]"), profile)
    with _file(UnwritableOutput) as path:
        target = OpenImageIO.ImageOutput.create("any.jxl")
        if not (
            target
            and target.open(str(path), spec)
            and target.write_image(pixels)
            and target.close()
        ):
            fault = target.geterror() if target else OpenImageIO.geterror()
            raise UnwritableOutput(f"the output cannot be encoded as JPEG XL ({_said(fault)})")
        return path.read_bytes()


@lru_cache(maxsize=8)
def understands(icc: bytes) -> bool:
    """Whether libjxl accepts a profile; with others it refuses the picture."""
    try:
        encode(np.zeros((1, 1, 1 if is_gray(icc) else 3), np.uint8), 100, icc)
    except UnwritableOutput:
        return False
    return True


@contextlib.contextmanager
def _file(fault: type[ImageError]) -> Iterator[Path]:
    """A path for one file, removed afterwards; raise ``fault`` if it cannot be made."""
    try:
        with TemporaryDirectory(prefix="sr-batch-") as folder:
            yield Path(folder) / "picture.jxl"
    except OSError as error:
        raise fault(f"JPEG XL needs room for a temporary file: {error.strerror}") from error


def _said(fault: str) -> str:
    return " ".join(fault.split()) or "no reason given"
