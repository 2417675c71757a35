"""ICC profiles for colours that a file names by numbers of ITU-T H.273."""

import struct

import numpy as np
import numpy.typing as npt

from sr_batch.core.errors import UnsupportedImage

_Doubles = npt.NDArray[np.float64]
_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_D50 = np.array([0.9642, 1.0, 0.8249])  # as ICC rounds it
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
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def of_numbers(primaries: int, transfer: int) -> tuple[bytes | None, str]:
    """The profile of a colour space, None for sRGB; and a note if it has no profile."""
    if primaries in (_SRGB, 2) and transfer in _LIKE_SRGB:
        return None, ""
    if primaries not in (2, *_PRIMARIES) or transfer not in (*_LIKE_SRGB, *_GAMMAS):
        return None, f"colours of an unknown kind ({primaries}/{transfer}) read as sRGB"
    *colors, white = _PRIMARIES.get(primaries, _PRIMARIES[_SRGB])
    name = f"H.273 {primaries}/{transfer}".encode()
    return _profile(name, _columns(colors, white), _curve(_GAMMAS.get(transfer))), ""


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


def _columns(colors: list[tuple[float, float]], white: tuple[float, float]) -> _Doubles:
    """Red, green and blue in XYZ as columns, adapted to D50, the white of ICC profiles."""
    light = _xyz(white)
    matrix = np.stack([_xyz(color) for color in colors], axis=1)
    matrix *= np.linalg.solve(matrix, light)
    cones = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ light))
    return np.asarray(np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ matrix)


def _xyz(point: tuple[float, float]) -> _Doubles:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])


def _curve(gamma: float | None) -> bytes:
    """A curve to linear light: sRGB's in 1024 steps, or a power."""
    if gamma:
        return b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256))
    steps = np.linspace(0, 1, 1024)
    light = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    table: bytes = np.rint(light * 65535).astype(">u2").tobytes()
    return b"curv" + struct.pack(">II", 0, len(steps)) + table


def _profile(name: bytes, columns: _Doubles, curve: bytes) -> bytes:
    """A display profile, version 2.4. Its date is constant, so that outputs are reproducible."""
    title = struct.pack(">4sII", b"desc", 0, len(name) + 1) + name + bytes(1 + 8 + 3 + 67)
    tags = {b"desc": title, b"cprt": b"text" + bytes(4) + b"CC0\0", b"wtpt": _point(_D50)}
    tags |= {b"%cXYZ" % color: _point(columns[:, i]) for i, color in enumerate(b"rgb")}
    tags |= {b"%cTRC" % color: curve for color in b"rgb"}
    table, body = struct.pack(">I", len(tags)), b""
    places: dict[bytes, int] = {}  # the three curves are one
    for tag, content in tags.items():
        if content not in places:
            places[content] = 128 + 4 + 12 * len(tags) + len(body)
            body += content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", tag, places[content], len(content))
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4xI4s4s4s", size, 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp")
    head = head.ljust(68, b"\0") + _point(_D50)[8:]
    return head.ljust(128, b"\0") + table + body


def _point(xyz: _Doubles) -> bytes:
    return b"XYZ " + bytes(4) + np.rint(xyz * 65536).astype(">i4").tobytes()
