"""The first bits of a JPEG XL codestream: all that is known of a picture before it is decoded.

Fields are packed without gaps, lowest bit first; a group of fields with default values is one bit.
"""

from dataclasses import dataclass

from sr_batch.codec.color import h273
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from sr_batch.core.geometry import Size

SIGNATURE = b"\xff\x0a"
MOST_BYTES = 4096
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_GRAY, _SRGB, _D65, _SRGB_CURVE = 1, 1, 1, 13
_CUSTOM = 2
_ALPHA = 0
_STRANGE = "a JPEG XL with channels besides color and one alpha"


@dataclass(frozen=True)
class JxlHeader:
    """The picture that a codestream declares.

    Attributes:
        stored: Size before it is turned.
        orientation: As in EXIF.
        bits: Per sample.
        floating: Whether samples are floating point.
        channels: 1 (gray) or 3.
        alpha: Whether there is alpha.
        plain: Whether its colours are sRGB, so that it needs no profile.
    """

    stored: Size
    orientation: int = 1
    bits: int = 8
    floating: bool = False
    channels: int = 3
    alpha: bool = False
    plain: bool = True


class _Bits:
    """Reads unsigned integers from packed bits."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "little"), len(data) * 8

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise UnreadableImage("truncated or damaged jxl (header)")
        value = self._value & (1 << count) - 1
        self._value >>= count
        return value

    def choose(self, *choices: tuple[int, int]) -> int:
        """An integer with one of four ranges: its start, and how many bits are added to it."""
        start, count = choices[self.take(2)]
        return start + self.take(count)

    def number(self) -> int:
        """A value of an enumeration."""
        return self.choose((0, 0), (1, 0), (2, 4), (18, 6))


def read_header(codestream: bytes) -> JxlHeader:
    """Read the header at the start of ``codestream``, of which ``MOST_BYTES`` are enough.

    Raises:
        UnreadableImage: it is truncated, or not a codestream.
        UnsupportedImage: an animation, HDR, or channels besides colour and alpha.
    """
    if not codestream.startswith(SIGNATURE):
        raise UnreadableImage("truncated or damaged jxl (no codestream)")
    bits = _Bits(codestream[len(SIGNATURE) : MOST_BYTES])
    size = _size(bits)
    if bits.take(1):
        return JxlHeader(size)
    orientation = _display(bits) if bits.take(1) else 1
    depth, floating = _depth(bits)
    bits.take(1)
    extra = bits.choose((0, 0), (1, 0), (2, 4), (1, 12))
    if extra > 1:
        raise UnsupportedImage(_STRANGE)
    alpha = extra == 1 and _is_alpha(bits)
    bits.take(1)
    gray, plain = _colors(bits)
    return JxlHeader(size, orientation, depth, floating, 1 if gray else 3, alpha, plain)


def _size(bits: _Bits) -> Size:
    small = bits.take(1)

    def side() -> int:
        return (bits.take(5) + 1) * 8 if small else bits.choose((1, 9), (1, 13), (1, 18), (1, 30))

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return Size(side(), height)
    across, down = _RATIOS[ratio]
    return Size(height * across // down, height)


def _display(bits: _Bits) -> int:
    """The orientation; the preferred display size is skipped."""
    orientation = bits.take(3) + 1
    if bits.take(1):
        _size(bits)
    if bits.take(1):
        raise UnsupportedImage("a JPEG XL with a preview in it")
    if bits.take(1):
        raise UnsupportedImage("an animated JPEG XL; extract its frames first")
    return orientation


def _depth(bits: _Bits) -> tuple[int, bool]:
    """Bits per sample, and whether they are floating point."""
    if not bits.take(1):
        return bits.choose((8, 0), (10, 0), (12, 0), (1, 6)), False
    depth = bits.choose((32, 0), (16, 0), (24, 0), (1, 6))
    bits.take(4)
    return depth, True


def _is_alpha(bits: _Bits) -> bool:
    """Whether an extra channel is plain alpha, which is the only kind that is read."""
    if bits.take(1):
        return True
    kind = bits.number()
    _depth(bits)
    bits.choose((0, 0), (3, 0), (4, 0), (1, 3))
    bits.take(8 * bits.choose((0, 0), (0, 4), (16, 5), (48, 10)))
    if kind != _ALPHA:
        raise UnsupportedImage(_STRANGE)
    if bits.take(1):
        raise UnsupportedImage("a JPEG XL with premultiplied alpha; save it with plain alpha first")
    return True


def _colors(bits: _Bits) -> tuple[bool, bool]:
    """Whether colours are gray, and whether they are sRGB."""
    if bits.take(1):
        return False, True
    profile = bits.take(1)
    gray = bits.number() == _GRAY
    if profile:
        return gray, False
    white = _named(bits, 1)
    primaries = _SRGB if gray else _named(bits, 3)
    if bits.take(1):
        bits.take(24)  # the exponent of a gamma curve
        return gray, False
    curve = bits.number()
    h273.require_sdr(curve)
    return gray, (white, primaries, curve) == (_D65, _SRGB, _SRGB_CURVE)


def _named(bits: _Bits, points: int) -> int:
    """A white point or primaries by number; for custom ones, skip so many ``points``."""
    number = bits.number()
    if number == _CUSTOM:
        for _ in range(2 * points):
            bits.choose((0, 19), (1 << 19, 19), (1 << 20, 20), (1 << 21, 21))
    return number
