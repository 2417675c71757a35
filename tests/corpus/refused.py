"""Files that must be refused by one line: other files, unsupported pictures, damage, bombs."""

import struct
import zlib
from collections.abc import Callable

from PIL import Image as Pillow

from sr_batch.codec.metadata.tags import Tag
from tests.codec.heif_files import Part, heif_file, ispe
from tests.codec.jxl_files import jxl_header
from tests.codec.pictures import png_file, saved, tiff_file
from tests.corpus import bmp, heif, jpeg, jxl, png, tiff, webp
from tests.corpus.rows import Refused, scene

_HUGE = 60_000
_LIMIT = r"60000x60000 is 3,600,000,000 pixels, more than the limit of .* --max-pixels"
_IS = "it is {}, not JPEG, PNG, .*"


def _cut(make: Callable[[], bytes], share: float) -> Refused:
    return Refused(lambda: (data := make())[: int(len(data) * share)], "truncated or damaged")


def _without(chunk: bytes) -> bytes:
    """A PNG with a palette that lacks one kind of chunk."""
    data = png.READ["png-palette-4.png"].make()
    at = data.index(chunk) - 4
    (length,) = struct.unpack_from(">I", data, at)
    return data[:at] + data[at + 12 + length :]


def _flipped() -> bytes:
    data = bytearray(png.png(scene()))
    data[len(data) // 2] ^= 4
    return bytes(data)


def _frame(marker: int, precision: int, width: int, height: int, channels: int) -> bytes:
    """A JPEG with this header and little else."""
    parts = b"".join(bytes((number, 17, 0)) for number in range(1, channels + 1))
    head = struct.pack(">BHHB", precision, height, width, channels) + parts
    scan = bytes((channels,)) + b"".join(bytes((n, 0)) for n in range(1, channels + 1)) + b"\0?\0"
    return b"\xff\xd8" + jpeg.segment(marker, head) + jpeg.segment(0xDA, scan) + b"\xff\xd9"


_WHOLE: dict[str, Callable[[], bytes]] = {
    "jpg": lambda: jpeg.jpeg(scene()),
    "progressive.jpg": lambda: jpeg.jpeg(scene(), progressive=True),
    "png": lambda: png.png(scene()),
    "16.png": lambda: png.png(scene(3, 16), 16),
    "webp": lambda: webp.webp(scene(), lossless=False),
    "lossless.webp": lambda: webp.webp(scene()),
    "tif": lambda: tiff_file(scene()),
    "lzw.tif": tiff.READ["tiff-lzw.tif"].make,
    "bmp": bmp.READ["bmp-rgb-24.bmp"].make,
    **heif.WHOLE,
    "jxl": lambda: jxl.jxl(scene()),
    "lossless.jxl": lambda: jxl.jxl(scene(), 100),
}

REFUSED: dict[str, Refused] = {
    # Not pictures.
    "empty.png": Refused(lambda: b"", "the file is empty"),
    "one-byte.jpg": Refused(lambda: b"\xff", "truncated: it ends after 1 byte$"),
    "zeros.tif": Refused(lambda: bytes(5000), _IS.format("all zeros")),
    "text.jpg": Refused(lambda: b"A letter, not a photograph.\n" * 9, _IS.format("text")),
    "page.png": Refused(lambda: b"<!DOCTYPE html><title>404</title>", _IS.format("a web page")),
    "drawing.svg": Refused(lambda: b"<svg xmlns='x'/>", _IS.format("SVG or XML")),
    "document.jpg": Refused(lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", _IS.format("a PDF")),
    "archive.bmp": Refused(lambda: b"PK\3\4" + bytes(99), _IS.format("a ZIP archive")),
    "film.webp": Refused(lambda: b"\0\0\0\x20ftypisom\0\0\0\0", _IS.format("a video")),
    "program.png": Refused(lambda: b"\x7fELF" + bytes(99), _IS.format("a program")),
    # Unsupported pictures.
    "jpeg-2000.png": Refused(
        lambda: saved(Pillow.fromarray(scene()), "JPEG2000"), _IS.format("JPEG 2000")
    ),
    "no-boxes.heic": Refused(
        lambda: b"\0\0\0\x18ftypheic" + bytes(99), "truncated or damaged heic"
    ),
    "no-picture.jxl": Refused(lambda: b"\xff\x0a" + bytes(99), "truncated or damaged jxl"),
    "animation.avif": Refused(heif.film, "an animated AVIF"),
    "animation.jxl": Refused(jxl.film, "an animated JPEG XL"),
    "hdr.avif": Refused(heif.hdr, r"an HDR picture \(PQ\)"),
    "still.ico": Refused(lambda: saved(Pillow.fromarray(scene()), "ICO"), _IS.format("an icon")),
    "photoshop.tif": Refused(lambda: b"8BPS\0\1" + bytes(99), _IS.format("a Photoshop document")),
    "raw.tif": Refused(lambda: b"II*\0\x10\0\0\0CR\2\0" + bytes(99), _IS.format("a camera raw")),
    "fax.tif": Refused(lambda: tiff_file(scene(), tags={Tag.PHOTOMETRIC: 10}), "in a fax's ITULAB"),
    "other-inks.tif": Refused(
        lambda: tiff_file(scene(4), tags={Tag.PHOTOMETRIC: 5, Tag.INK_SET: 2}), "of other inks"
    ),
    "complex.tif": Refused(
        lambda: tiff_file(scene(), tags={Tag.SAMPLE_FORMAT: 5}), "of complex or mixed numbers"
    ),
    "negative.dng": Refused(
        lambda: tiff_file(scene(), tags={Tag.DNG: [1, 4, 0, 0]}), "a camera raw"
    ),
    "twelve-bit.jpg": Refused(lambda: _frame(0xC1, 12, 9, 9, 3), "a JPEG of .* 12 bit"),
    "two-channels.jpg": Refused(lambda: _frame(0xC0, 8, 9, 9, 2), "a JPEG of 2 channels"),
    "lossless.jpg": Refused(lambda: _frame(0xC3, 8, 9, 9, 3), "truncated or damaged jpg"),
    # Damaged files.
    **{
        f"cut-{share:.0%}.{kind}": _cut(make, share)
        for kind, make in _WHOLE.items()
        for share in (0.15, 0.4, 0.7, 0.95)
    },
    "no-height.jpg": Refused(lambda: _frame(0xC0, 8, 9, 0, 3), "damaged jpg"),
    "no-picture.jpg": Refused(lambda: b"\xff\xd8\xff\xd9", "truncated or damaged jpg"),
    "no-width.png": Refused(lambda: png_file(0, 5, 8, 2, b""), "damaged png .it is 0x5"),
    "no-palette.png": Refused(lambda: _without(b"PLTE"), "it has no palette"),
    "no-end.png": Refused(lambda: _without(b"IEND"), "it has no end"),
    "no-pixels.png": Refused(lambda: _without(b"IDAT"), "rows are missing"),
    "no-header.png": Refused(lambda: _without(b"IHDR"), "no header"),
    "rows-missing.png": Refused(lambda: png_file(9, 9, 8, 2, bytes(28 * 8)), "rows are missing"),
    "flipped-bit.png": Refused(_flipped, "wrong checksum of IDAT"),
    "colour-type.png": Refused(lambda: png_file(9, 9, 8, 5, b""), "color type 5 of 8 bit"),
    "no-picture.webp": Refused(lambda: webp.riff((b"EXIF", bytes(9))), "no picture header"),
    "no-directory.tif": Refused(
        lambda: b"II*\0\xff\xff\xff\0" + bytes(99), "directory 1 is missing"
    ),
    "no-strips.tif": Refused(
        lambda: tiff_file(scene(), tags={Tag.STRIP_OFFSETS: [2**31] * 6}), "truncated or damaged"
    ),
    "no-bits.bmp": Refused(lambda: bmp.bmp((9, 9), 7, bytes(99)), "truncated or damaged bmp"),
    # Bombs: headers that claim more pixels than any machine has memory for.
    "bomb.jpg": Refused(lambda: _frame(0xC0, 8, _HUGE, _HUGE, 3), _LIMIT),
    "bomb.png": Refused(lambda: png_file(_HUGE, _HUGE, 8, 2, b""), _LIMIT),
    "bomb-16.png": Refused(lambda: png_file(_HUGE, _HUGE, 16, 6, b""), _LIMIT),
    "bomb-deflated.png": Refused(lambda: png_file(_HUGE, _HUGE, 1, 0, bytes(7501 * 3000)), _LIMIT),
    "bomb.tif": Refused(
        lambda: tiff_file(scene(), tags={Tag.WIDTH: _HUGE, Tag.HEIGHT: _HUGE}), _LIMIT
    ),
    "bomb.bmp": Refused(lambda: bmp.bmp((_HUGE, _HUGE), 24, b""), _LIMIT),
    "bomb.webp": Refused(
        lambda: webp.riff((b"VP8L", b"\x2f" + struct.pack("<I", 16382 | 16382 << 14))),
        "16383x16383 is 268,402,689 pixels, more than the limit",
    ),
    "bomb.avif": Refused(
        lambda: heif_file(b"avif", [Part(b"av01", b"", (ispe(_HUGE, _HUGE),))]), _LIMIT
    ),
    "bomb.jxl": Refused(lambda: jxl_header(_HUGE, _HUGE), _LIMIT),
    "long.png": Refused(
        lambda: png_file(2_000_000, 1, 8, 0, bytes(2_000_001)), "has a side over 1048576"
    ),
    # Its size is small; its profile unpacks to 100 MB.
    "profile-bomb.png": Refused(
        lambda: png_file(9, 9, 8, 2, b"", (b"iCCP", b"p\0\0" + zlib.compress(bytes(100_000_000)))),
        "rows are missing",
    ),
}
