"""JPEG XL headers packed bit by bit, to put in front of pictures that a real encoder made."""

from sr_batch import codec
from sr_batch.codec.heif.isobmff import box
from sr_batch.core.image import Image, Pixels

SIGNATURE = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")


class Bits:
    """Numbers packed without gaps, lowest bit first."""

    def __init__(self) -> None:
        self._value = self._count = 0

    def put(self, value: int, count: int = 1) -> None:
        self._value |= value << self._count
        self._count += count

    def side(self, length: int) -> None:
        choice, count = next((c, n) for c, n in enumerate((9, 13, 18, 30)) if length <= 1 << n)
        self.put(choice, 2)
        self.put(length - 1, count)

    def name(self, number: int) -> None:
        """One out of a list of names."""
        if number < 2:
            self.put(number, 2)
        elif number < 18:
            self.put(2 | (number - 2) << 2, 6)
        else:
            self.put(3 | (number - 18) << 2, 8)

    def packed(self) -> bytes:
        return self._value.to_bytes(-(-self._count // 8), "little")


def jxl_header(
    width: int,
    height: int,
    *,
    orientation: int = 0,
    bits: int = 0,
    floating: bool = False,
    curve: int = 0,
    extra: tuple[int, ...] = (),
    animated: bool = False,
) -> bytes:
    """A codestream's header; what is 0 has its usual value. ``extra`` are kinds of channels."""
    out = Bits()
    out.put(0)
    out.side(height)
    out.put(0, 3)
    out.side(width)
    usual = not (orientation or bits or curve or extra or animated)
    out.put(usual)
    if not usual:
        _put_picture(out, orientation, bits, floating, curve, extra, animated)
    out.put(1)
    return b"\xff\x0a" + out.packed()


def _put_picture(
    out: Bits,
    orientation: int,
    bits: int,
    floating: bool,
    curve: int,
    extra: tuple[int, ...],
    animated: bool,
) -> None:
    out.put(bool(orientation or animated))
    if orientation or animated:
        out.put(max(orientation, 1) - 1, 3)
        out.put(0, 2)
        out.put(animated)
    _put_depth(out, bits or 8, floating)
    out.put(1)
    out.put(min(len(extra), 2), 2)
    if len(extra) > 1:
        out.put(len(extra) - 2, 4)
    for kind in extra:
        out.put(0)
        out.name(kind)
        _put_depth(out, 8, False)
        out.put(0, 4)
        if kind == 0:
            out.put(0)
    out.put(1)
    out.put(not curve)
    if curve:
        out.put(0)
        out.name(0)
        out.name(1)
        out.name(1)
        out.put(0)
        out.name(curve)
        out.name(0)
    if orientation or animated:
        out.put(1)
    out.put(0, 2)


def _put_depth(out: Bits, bits: int, floating: bool) -> None:
    out.put(floating)
    if floating:
        out.put(0 if bits == 32 else 1, 2)
        out.put(7 if bits == 32 else 4, 4)
    else:
        out.put(3, 2)
        out.put(bits - 1, 6)


def frames(pixels: Pixels) -> bytes:
    """The codestream of RGB ``pixels``, uint8, without its header."""
    data = codec.encode_image(Image(pixels), "jxl", 95)
    header = jxl_header(pixels.shape[1], pixels.shape[0])
    assert data.startswith(header)
    return data[len(header) :]
