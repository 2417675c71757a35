"""The Python interface: enlarges one picture in memory, or one file, per call."""

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from sr_batch.codec import read_image
from sr_batch.core.errors import SrBatchError, UnreadableImage, UnsupportedImage
from sr_batch.core.image import Image, Metadata, Pixels
from sr_batch.core.option import options_of
from sr_batch.core.options import UpscaleOptions
from sr_batch.importing.adding import usable
from sr_batch.inference.providers import PROVIDERS
from sr_batch.inference.user_models import with_own_scale
from sr_batch.upscaling.auto_upscaler import AutoUpscaler, open_upscaler
from sr_batch.upscaling.upscaler import Upscaler

Array = TypeVar("Array", bound=npt.NDArray[np.uint8] | npt.NDArray[np.uint16])

_log = logging.getLogger("sr_batch")
_FLAG = re.compile(r"--(?P<name>[a-z][a-z-]*)(?P<rest> [\w.-]*\w)?")
_MODES = ("L", "LA", "RGB", "RGBA", "I;16")  # Pillow's modes that an Image can hold
_METADATA = ("icc_profile", "exif", "dpi")


@overload
def upscale(image: Image, model: str = ..., scale: float | None = ..., **options: Any) -> Image: ...
@overload
def upscale(image: Array, model: str = ..., scale: float | None = ..., **options: Any) -> Array: ...
@overload
def upscale(
    image: str | os.PathLike[str] | Pillow.Image,
    model: str = ...,
    scale: float | None = ...,
    **options: Any,
) -> Pillow.Image: ...
def upscale(
    image: Any, model: str = UpscaleOptions.model, scale: float | None = None, **options: Any
) -> Any:
    """Enlarge one picture. Returns the type that was given, or a PIL image for a path.

    Networks stay loaded between calls. Messages are logged to ``sr_batch``.

    Args:
        image: A path; a PIL image; an array (H, W) or (H, W, C) of gray, gray and alpha, RGB or
            RGBA, uint8 or uint16; or an :class:`Image`. A file is turned upright, and its ICC
            profile, EXIF and DPI are in the ``info`` of the result.
        model: Name of a network, or the path of a file as `sr-batch models add` takes it. Such a
            file is measured and added on its first use.
        scale: Output side / input side. If the options give no size, 2, or 1 for an added model
            that does not enlarge.
        **options: The other fields of :class:`sr_batch.core.options.UpscaleOptions`.

    Raises:
        UsageError: an option is out of its range.
        UnknownModel: the network does not exist.
        DeviceUnavailable: the device is not available.
        ImageError: the picture cannot be read or enlarged.
    """
    with _without_flags():
        chosen = UpscaleOptions(model=usable(model, _log.info), scale=scale, **options)
        chosen = with_own_scale(chosen)
        source, convert_back = _converted(image, chosen.max_pixels)
        name = os.fspath(image) if isinstance(image, str | os.PathLike) else "image"
        upscaled = _upscaler(chosen)(source, name, lambda _: None, threading.Event())
    for note in upscaled.notes:
        _log.info("%s: %s", name, note)
    return convert_back(upscaled.image)


@contextmanager
def _without_flags() -> Iterator[None]:
    """Let messages name the arguments of :func:`upscale`, not the flags of the command line."""
    try:
        yield
    except SrBatchError as error:
        text = _FLAG.sub(_as_argument, str(error))
        raise type(error)(text) from error


def _as_argument(flag: re.Match[str]) -> str:
    """``max_pixels=9`` for ``--max-pixels 9``; what is no option is left as it is."""
    name, rest = flag["name"].replace("-", "_"), flag["rest"] or ""
    option = next((each for each in options_of(UpscaleOptions) if each.name == name), None)
    if option is None:
        return flag[0]
    if option.kind is bool:
        return f"{name}=True{rest}"
    value = rest.removeprefix(" ")
    is_value = re.fullmatch(r"-?\d.*", value) or value in (*option.choices, *PROVIDERS, "auto")
    return f"{name}={value}" if is_value else f"{name}{rest}"


@lru_cache(maxsize=2)
def _upscaler(options: UpscaleOptions) -> Upscaler | AutoUpscaler:
    return open_upscaler(options, _log.info)


def _converted(image: Any, max_pixels: int) -> tuple[Image, Callable[[Image], Any]]:
    """``image`` as an Image, and the function that converts back to the caller's type."""
    match image:
        case Image():
            return image, lambda enlarged: enlarged
        case np.ndarray():
            return _from_array(image), lambda enlarged: _to_array(enlarged, image.ndim)
        case Pillow.Image():
            info = {key: image.info[key] for key in _METADATA if key in image.info}
            return _from_pillow(image), lambda enlarged: _to_pillow(enlarged, info)
        case str() | os.PathLike():
            return _from_file(Path(image), max_pixels), lambda enlarged: _to_pillow(
                enlarged, _info(enlarged.metadata)
            )
    raise UnsupportedImage(f"a {type(image).__name__} is not a path, PIL image, array or Image")


def _from_array(array: npt.NDArray[Any]) -> Image:
    pixels = array[..., None] if array.ndim == 2 else array
    fits = pixels.ndim == 3 and pixels.size and pixels.shape[2] <= 4
    if not fits or array.dtype not in (np.uint8, np.uint16):
        raise UnsupportedImage(
            f"an array {array.shape} of {array.dtype} is not a picture: give (H, W) or"
            " (H, W, 1 to 4) of uint8 or uint16"
        )
    if pixels.shape[2] in (2, 4):
        return Image(pixels[..., :-1], pixels[..., -1])
    return Image(pixels)


def _to_array(image: Image, ndim: int = 3) -> Pixels:
    if ndim == 2:
        return image.color[..., 0]
    if image.alpha is None:
        return image.color
    return np.concatenate((image.color, image.alpha[..., None]), axis=2)


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
