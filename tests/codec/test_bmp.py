import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from sr_batch.core.image import Image
from tests.codec.pictures import (
    PLENTY,
    full_metadata,
    merged,
    noise,
    open_opencv,
    open_pillow,
    picture,
    read,
    saved,
)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 17])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_reads_back_what_it_wrote(channels: int, alpha: bool, width: int) -> None:
    image = picture(channels, alpha, 8, 5, width)
    back = read(codec.encode_image(image, "bmp", 95))
    assert np.array_equal(back.color, np.broadcast_to(image.color, back.color.shape))
    assert back.is_gray == (channels == 1 and not alpha)
    assert (back.alpha is None) == (not alpha)
    assert not alpha or np.array_equal(merged(back)[..., -1], merged(image)[..., -1])


@pytest.mark.parametrize("alpha", [False, True])
def test_opencv_reads_what_is_written(alpha: bool) -> None:
    image = picture(3, alpha, 8, 700, 501)
    data = codec.encode_image(image, "bmp", 95)
    assert np.array_equal(open_opencv(data), merged(image))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_reads_the_same_pixels_as_pillow(mode: str) -> None:
    data = saved(Pillow.fromarray(noise(9, 13, 3)).convert(mode), "BMP")
    image = read(data)
    expected = open_pillow(data).convert("L" if mode in "1L" else "RGB")
    assert image.is_gray == (mode in "1L")
    assert np.array_equal(image.color.squeeze(), np.asarray(expected))


@pytest.mark.parametrize("colors", [(0, 255), (255, 0), (40, 200)])
def test_one_bit_has_two_polarities(colors: tuple[int, int]) -> None:
    lit = noise(9, 13) > 127
    data = bytearray(saved(Pillow.fromarray(lit), "BMP"))
    for place, level in zip((54, 58), colors, strict=True):
        data[place : place + 4] = bytes((level, level, level, 0))
    image = read(bytes(data))
    expected = np.where(lit, colors[1], colors[0])[..., None]
    assert np.array_equal(image.color, np.broadcast_to(expected, image.color.shape))


@pytest.mark.parametrize("bits", [4, 8])
def test_looks_up_palettes(bits: int) -> None:
    table, numbers = noise(2**bits, 4), noise(1, 8) & 2**bits - 1
    rows = numbers.tobytes() if bits == 8 else bytes(a << 4 | b for a, b in numbers.reshape(-1, 2))
    start = 54 + table.size
    head = struct.pack("<2sIHHIIiiHH", b"BM", start + len(rows), 0, 0, start, 40, 8, 1, 1, bits)
    data = head + bytes(24) + table.tobytes() + rows
    assert np.array_equal(read(data).color, table[numbers][..., 2::-1])


def test_keeps_resolution_and_notes_what_it_cannot_hold() -> None:
    image = Image(noise(13, 17, 3, depth=16), None, full_metadata())
    back = read(codec.encode_image(image, "bmp", 95))
    assert back.metadata.dpi == pytest.approx((300, 150), abs=0.02)
    assert np.array_equal(back.color, np.rint(image.color / 257))
    lost = (
        "16-bit samples rounded to 8 bits",
        "EXIF left out",
        "XMP left out",
        "IPTC left out",
        "ICC profile left out",
    )
    assert codec.losses(image, "bmp") == lost


@pytest.mark.parametrize("kept", [30, 60, 500])
def test_a_truncated_picture_is_an_error(kept: int) -> None:
    data = saved(Pillow.fromarray(noise(40, 40, 3)), "BMP")
    with pytest.raises(UnreadableImage, match="truncated or damaged bmp"):
        codec.read_image(data[:kept], "a.bmp", PLENTY)


def test_does_not_decode_empty_runs() -> None:
    """A row that is full already takes any number of them, one after the other, for hours."""
    head = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 54 + 1024)
    info = struct.pack("<IiiHHIIiiII", 40, 3, 2, 1, 8, 1, 0, 0, 0, 0, 0)
    runs = b"\3\7" + b"\1\7" * 9999 + b"\0\0\3\7\0\1"
    with pytest.raises(UnreadableImage, match="truncated or damaged bmp"):
        codec.read_image(head + info + bytes(1024) + runs, "a.bmp", PLENTY)


def test_refuses_an_impossible_depth() -> None:
    data = bytearray(saved(Pillow.fromarray(noise(4, 4, 3)), "BMP"))
    struct.pack_into("<H", data, 28, 7)
    with pytest.raises(UnreadableImage, match="bmp"):
        codec.read_header(bytes(data), "a.bmp", PLENTY)


def unusual(bits: int, compression: int, *masks: int) -> bytes:
    header = struct.pack(
        "<IiiHHIIiiII", 40 + 12 * bool(masks), 4, 4, 1, bits, compression, *[0] * 5
    )
    tables = struct.pack(f"<{len(masks)}I", *masks)
    pixels = bytes(64 * 4)
    start = 14 + len(header) + len(tables)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + tables + pixels


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (unusual(24, 4), r"an unusual compression \(4\)"),
        (unusual(24, 5), r"an unusual compression \(5\)"),
        (unusual(64, 0), r"an unusual pixel depth \(64\)"),
        (unusual(32, 3, 0x3FF00000, 0xFFC00, 0x3FF), "an unusual bitfields layout"),
    ],
)
def test_a_valid_bmp_of_an_unusual_kind_is_not_called_damaged(data: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedImage, match=reason) as caught:
        codec.read_header(data, "a.bmp", 10**6)
    assert "damaged" not in str(caught.value)
