"""ICC profiles: carried as they are, but only with pixels of which they speak."""

_GRAY, _RGB = b"GRAY", b"RGB "
# These turn gray into RGB.
_WITHOUT_GRAY = ("webp", "gif")
# To readers of others gray is red, green and blue of one value; these forbid profiles of colours.
_STRICT = ("png",)


def suits(icc: bytes | None, gray: bool, kind: str) -> bool:
    """Whether a file of ``kind`` with pixels that are ``gray`` or RGB can carry the profile.

    One that speaks of other pixels was of no use in the source, either: readers pass over it.
    """
    if icc is None:
        return True
    if not gray or kind in _WITHOUT_GRAY:
        return _space(icc) == _RGB
    return _space(icc) == _GRAY or (_space(icc) == _RGB and kind not in _STRICT)


def is_gray(icc: bytes) -> bool:
    """Whether a profile speaks of gray pixels."""
    return _space(icc) == _GRAY


def _space(icc: bytes) -> bytes:
    return icc[16:20]
