"""Colours that a file names by numbers of ITU-T H.273, in all formats that do so."""

from sr_batch.codec.color import made_profile
from sr_batch.core.errors import UnsupportedImage

_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_SRGB = 1
# Red, green, blue and white, as x and y. 2 is "unspecified", which is read as sRGB.
_PRIMARIES = {
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    _SRGB: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65),
}
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}
# Camera curves are meant for the same screens as sRGB, and viewers show them that way.
_LIKE_SRGB = {1, 2, 6, 7, 11, 12, 13, 14, 15}
_HDR = {16: "PQ", 18: "HLG"}


def described(
    icc: bytes | None, primaries: int, transfer: int, *, gray: bool
) -> tuple[bytes | None, str]:
    """The profile of a picture with a profile, numbers or both; and a note if it has none.

    HDR is refused with a profile, too: that is only for programs without HDR.

    Raises:
        UnsupportedImage: it is HDR.
    """
    require_sdr(transfer)
    if icc:
        return icc, ""
    return of_numbers(_SRGB if gray else primaries, transfer, gray=gray)


def of_numbers(primaries: int, transfer: int, *, gray: bool = False) -> tuple[bytes | None, str]:
    """The profile of a colour space, None for sRGB; and a note if it has no profile."""
    if primaries in (_SRGB, 2) and transfer in _LIKE_SRGB:
        return None, ""
    if primaries not in (2, *_PRIMARIES) or transfer not in (*_LIKE_SRGB, *_GAMMAS):
        return None, f"unknown color encoding ({primaries}/{transfer}), read as sRGB"
    *colors, white = _PRIMARIES.get(primaries, _PRIMARIES[_SRGB])
    name, gamma = f"H.273 {primaries}/{transfer}", _GAMMAS.get(transfer)
    if gray and gamma:
        return made_profile.of_gray(name, gamma), ""
    return made_profile.of_colors(name, tuple(colors), white, gamma), ""


def require_sdr(transfer: int) -> None:
    """Refuse the transfer characteristics of HDR, by their number in H.273.

    Raises:
        UnsupportedImage: it is PQ or HLG, which would come out dull if read as SDR.
    """
    if transfer in _HDR:
        raise UnsupportedImage(
            f"an HDR picture ({_HDR[transfer]}), whose brightness no profile can describe;"
            " convert it to SDR first"
        )
