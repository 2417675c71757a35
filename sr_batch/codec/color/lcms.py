"""Little CMS in 16 bit. Pillow includes the library, but its ImageCms converts only 8 bit."""

import ctypes
import weakref
from typing import Any

import numpy as np
from PIL import ImageCms, _imagingcms

from sr_batch.core.image import Pixels

# Fields of a pixel format: colour space, channels, bytes per channel.
_CMYK_16 = 6 << 16 | 4 << 3 | 2
_RGB_16 = 4 << 16 | 3 << 3 | 2
_FLAGS = int(ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.HIGHRESPRECALC)

_HANDLE, _NUMBER, _PIXELS = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p


class CmykToSrgb:
    """Converts 16-bit inks to 16-bit sRGB by a profile; safe in several threads.

    Only if the library `is_within_reach`: it is not where Pillow links it statically.

    Raises:
        ValueError: the profile cannot be used.
    """

    def __init__(self, profile: bytes) -> None:
        source = _function("cmsOpenProfileFromMem", _HANDLE, ctypes.c_char_p, _NUMBER)
        create = _function("cmsCreateTransform", _HANDLE, *(_HANDLE, _NUMBER) * 2, *(_NUMBER,) * 2)
        close = _function("cmsCloseProfile", ctypes.c_int, _HANDLE)
        inks = source(profile, len(profile))
        srgb = _function("cmsCreate_sRGBProfile", _HANDLE)()
        intent = int(ImageCms.Intent.RELATIVE_COLORIMETRIC)
        self._transform = inks and create(inks, _CMYK_16, srgb, _RGB_16, intent, _FLAGS)
        for opened in filter(None, (inks, srgb)):
            close(opened)
        if not self._transform:
            raise ValueError("no transform by this profile")
        weakref.finalize(self, _function("cmsDeleteTransform", None, _HANDLE), self._transform)

    def __call__(self, inks: Pixels) -> Pixels:
        """``inks`` (h, w, 4), 65535 being full ink, as RGB (h, w, 3)."""
        source = np.ascontiguousarray(inks)
        rgb = np.empty((*inks.shape[:2], 3), np.uint16)
        apply = _function("cmsDoTransform", None, _HANDLE, _PIXELS, _PIXELS, _NUMBER)
        apply(self._transform, source.ctypes.data, rgb.ctypes.data, rgb.size // 3)
        return rgb


def is_within_reach() -> bool:
    """Whether `CmykToSrgb` can work here."""
    return hasattr(ctypes.CDLL(_imagingcms.__file__), "cmsCreateTransform")


def _function(name: str, result: Any, *arguments: Any) -> Any:
    """A function of the library; it returns a null handle as None."""
    function = getattr(ctypes.CDLL(_imagingcms.__file__), name)
    function.restype, function.argtypes = result, arguments
    return function
