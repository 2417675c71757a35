"""Converts a caller's picture into an Image, and back."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from sr_batch.codec import read_image
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from sr_batch.core.image import Image, Metadata, Pixels

_MODES = ("L", "LA", "RGB", "RGBA", "I;16")  # Pillow's modes that an Image can hold
_METADATA = ("icc_profile", "exif", "dpi")
_OVERSHOOT = 0.1  # of floats that other programs have sharpened or resampled
_LEVELS = 65535


def converted(image: Any, max_pixels: int) -> tuple[Image, Callable[[Image], Any]]:
    """``image`` as an Image, and the function that converts back to the caller's type.

    Args:
        image: A path, a PIL image, an array or an Image.
        max_pixels: The most pixels of a file.

    Raises:
        UnsupportedImage: it is none of them, or one that cannot be enlarged.
        ImageError: the file cannot be read.
    """
    match image:
        case Image():
            return image, lambda enlarged: enlarged
        case np.ndarray() if np.issubdtype(image.dtype, np.floating):
            kind = image.dtype
            return _from_array(image), lambda enlarged: _to_floats(enlarged, image.ndim, kind)
        case np.ndarray():
            return _from_array(image), lambda enlarged: _to_array(enlarged, image.ndim)
        case Pillow.Image():
            info = {key: image.info[key] for key in _METADATA if key in image.info}
            return _from_pillow(image), lambda enlarged: _to_pillow(enlarged, info)
        case str() | os.PathLike():
            return _from_file(Path(image), max_pixels), lambda enlarged: _to_pillow(
                enlarged, _info(enlarged.metadata)
            )
    raise UnsupportedImage(
        f"{type(image).__name__} is not a picture: give a path, a PIL image, an array or an Image"
    )


def _from_array(array: npt.NDArray[Any]) -> Image:
    pixels = array[..., None] if array.ndim == 2 else array
    fits = pixels.ndim == 3 and pixels.size and pixels.shape[2] <= 4
    floats = np.issubdtype(array.dtype, np.floating)
    if not fits or not (floats or array.dtype in (np.uint8, np.uint16)):
        raise UnsupportedImage(
            f"an array {array.shape} of {array.dtype} is not a picture: give (H, W) or"
            f" (H, W, 1 to 4) of uint8, uint16, or floats from 0 to 1{_channels_hint(array)}"
        )
    if floats:
        pixels = _in_16_bit(pixels)
    if pixels.shape[2] in (2, 4):
        return Image(pixels[..., :-1], pixels[..., -1])
    return Image(pixels)


def _channels_hint(array: npt.NDArray[Any]) -> str:
    if array.ndim != 3 or array.shape[0] > 4:
        return ""
    return "; to put the channels last: array.transpose(1, 2, 0)"


def _to_array(image: Image, ndim: int = 3) -> Pixels:
    if ndim == 2:
        return image.color[..., 0]
    if image.alpha is None:
        return image.color
    return np.concatenate((image.color, image.alpha[..., None]), axis=2)


def _in_16_bit(array: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    """Floats as integers. Values that are a little outside of 0..1 are clipped."""
    low, high = array.min(), array.max()
    if not -_OVERSHOOT <= low <= high <= 1 + _OVERSHOOT:  # NaN is not
        raise UnsupportedImage(
            f"an array of {array.dtype} from {low:g} to {high:g} is not a picture: give floats from"
            " 0 to 1, or uint8 from 0 to 255"
        )
    levels: npt.NDArray[np.float64] = np.clip(array, 0, 1).astype(np.float64) * _LEVELS
    return np.rint(levels).astype(np.uint16)


def _to_floats(image: Image, ndim: int, kind: npt.DTypeLike) -> npt.NDArray[Any]:
    return (_to_array(image, ndim) / _LEVELS).astype(kind)


def _from_pillow(image: Pillow.Image) -> Image:
    seen = image.has_transparency_data
    if image.mode == "P":
        image = image.convert("RGBA" if seen else "RGB")
    elif image.mode in ("L", "RGB") and seen:
        image = image.convert({"L": "LA", "RGB": "RGBA"}[image.mode])
    elif image.mode == "1":
        image = image.convert("L")
    if image.mode not in _MODES:
        raise UnsupportedImage(
            f"a PIL image of mode {image.mode} is not supported: give image.convert('RGB')"
        )
    return _from_array(np.asarray(image))


def _to_pillow(image: Image, info: Mapping[str, Any]) -> Pillow.Image:
    plain = image.is_gray and image.alpha is None
    made = Pillow.fromarray(_to_array(image, 2 if plain else 3))
    made.info.update(info)
    return made


def _from_file(path: Path, max_pixels: int) -> Image:
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise UnreadableImage(f"{path}: cannot be read: {fault.strerror}") from fault
    image = read_image(data, str(path), max_pixels)
    if image.levels > 255 and not (image.is_gray and image.alpha is None):
        raise UnsupportedImage(
            f"{path}: PIL has no 16-bit color images: give an array of its pixels instead"
        )
    return image


def _info(metadata: Metadata) -> dict[str, Any]:
    """The metadata under Pillow's names."""
    exif = None if metadata.exif is None else b"Exif\0\0" + metadata.exif
    found = {"icc_profile": metadata.icc, "exif": exif, "dpi": metadata.dpi}
    return {key: value for key, value in found.items() if value is not None}
