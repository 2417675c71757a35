"""ICC profiles for colours that a file describes in other ways."""

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_Doubles = npt.NDArray[np.float64]
Point = tuple[float, float]
Points = Sequence[float]
_D50 = np.array([0.9642, 1.0, 0.8249])  # as ICC rounds it
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_SRGB_GAMMA = 2.2
# Differences that nobody sees; viewers read such curves and primaries as sRGB, too.
_SAME_GAMMA, _SAME_POINT = 0.05 * _SRGB_GAMMA, 0.002
_MOST = 100.0  # what XYZ may be, in a profile's fixed-point numbers


def of_colors(name: str, colors: tuple[Point, ...], white: Point, gamma: float | None) -> bytes:
    """A display profile, version 2.4. Its date is constant, so that outputs are reproducible.

    Args:
        name: Its description.
        colors: x and y of red, green and blue.
        white: x and y.
        gamma: Exponent from samples to light; None is sRGB's curve.

    Raises:
        ValueError: no screen has such colours.
    """
    try:
        columns = _columns(colors, white)
    except (ArithmeticError, np.linalg.LinAlgError) as fault:
        raise ValueError("no screen has these colours") from fault
    if not np.isfinite(columns).all() or np.abs(columns).max() > _MOST:
        raise ValueError("no screen has these colours")
    tags = {b"%cXYZ" % color: _point(columns[:, i]) for i, color in enumerate(b"rgb")}
    curve = _curve(gamma)
    return _profile(name.encode(), b"RGB ", tags | {b"%cTRC" % color: curve for color in b"rgb"})


def of_description(gamma: float | None, points: Points | None, *, gray: bool) -> bytes | None:
    """A profile of what a file says in numbers; None if that is sRGB, or looks like it.

    Args:
        gamma: Exponent from samples to light; None is sRGB's curve.
        points: x and y of white, red, green and blue; None is sRGB's.
        gray: Whether the samples are gray; these have no primaries.

    Raises:
        ValueError: no screen has such colours.
    """
    if gray or points is None:
        points = _SRGB
    like_srgb = abs((gamma or _SRGB_GAMMA) - _SRGB_GAMMA) <= _SAME_GAMMA
    same = all(abs(a - b) <= _SAME_POINT for a, b in zip(points, _SRGB, strict=True))
    if like_srgb and same:
        return None
    if gray:
        return of_gray(f"gamma {gamma:.4g}", gamma or _SRGB_GAMMA)
    white, *colors = ((points[at], points[at + 1]) for at in range(0, 8, 2))
    name = f"gamma {gamma:.4g}" if gamma else "sRGB curve"
    if not same:
        name += " of other primaries"
    return of_colors(name, tuple(colors), white, gamma)


def adobe_rgb() -> bytes:
    """A profile of the colour space Adobe RGB (1998)."""
    colors = (0.64, 0.33), (0.21, 0.71), (0.15, 0.06)
    return of_colors("Compatible with Adobe RGB (1998)", colors, (0.3127, 0.3290), 563 / 256)


def of_gray(name: str, gamma: float) -> bytes:
    """A profile of gray samples whose ``gamma`` is their exponent to light."""
    return _profile(name.encode(), b"GRAY", {b"kTRC": _curve(gamma)})


def _columns(colors: tuple[Point, ...], white: Point) -> _Doubles:
    """Red, green and blue in XYZ as columns, adapted to D50, the white of ICC profiles."""
    light = _xyz(white)
    matrix = np.stack([_xyz(color) for color in colors], axis=1)
    matrix *= np.linalg.solve(matrix, light)
    cones = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ light))
    return np.asarray(np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ matrix)


def _xyz(point: Point) -> _Doubles:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])


def _curve(gamma: float | None) -> bytes:
    """A curve to linear light: sRGB's in 1024 steps, or a power."""
    if gamma:
        return b"curv" + struct.pack(">IIH", 0, 1, max(1, round(gamma * 256)))
    steps = np.linspace(0, 1, 1024)
    light = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    table: bytes = np.rint(light * 65535).astype(">u2").tobytes()
    return b"curv" + struct.pack(">II", 0, len(steps)) + table


def _profile(name: bytes, space: bytes, described: dict[bytes, bytes]) -> bytes:
    title = struct.pack(">4sII", b"desc", 0, len(name) + 1) + name + bytes(1 + 8 + 3 + 67)
    tags = {b"desc": title, b"cprt": b"text" + bytes(4) + b"CC0\0", b"wtpt": _point(_D50)}
    tags |= described
    table, body = struct.pack(">I", len(tags)), b""
    places: dict[bytes, int] = {}  # the three curves are one
    for tag, content in tags.items():
        if content not in places:
            places[content] = 128 + 4 + 12 * len(tags) + len(body)
            body += content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", tag, places[content], len(content))
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4xI4s4s4s", size, 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp")
    head = head.ljust(68, b"\0") + _point(_D50)[8:]
    return head.ljust(128, b"\0") + table + body


def _point(xyz: _Doubles) -> bytes:
    return b"XYZ " + bytes(4) + np.rint(xyz * 65536).astype(">i4").tobytes()
