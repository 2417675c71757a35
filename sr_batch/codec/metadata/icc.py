"""ICC profiles: kept unchanged, but only with pixels of their colour space."""

_GRAY, _RGB = b"GRAY", b"RGB "
# These store gray as RGB.
_WITHOUT_GRAY = ("webp", "gif")
# Most formats allow an RGB profile for gray pixels; these forbid it.
_STRICT = ("png",)


def suits(icc: bytes | None, gray: bool, kind: str) -> bool:
    """Whether a file of ``kind`` with ``gray`` or RGB pixels can hold the profile.

    A profile of another colour space was of no use in the source, either: readers ignore it.
    """
    if icc is None:
        return True
    if not gray or kind in _WITHOUT_GRAY:
        return _space(icc) == _RGB
    return _space(icc) == _GRAY or (_space(icc) == _RGB and kind not in _STRICT)


def is_gray(icc: bytes) -> bool:
    """Whether it is a profile of gray pixels."""
    return _space(icc) == _GRAY


def _space(icc: bytes) -> bytes:
    return icc[16:20]
