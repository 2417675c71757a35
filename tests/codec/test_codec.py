import functools
import struct
import threading
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.metadata.tags import Tag
from sr_batch.codec.tiff import encode as tiff_encode
from sr_batch.core.errors import ImageError, ImageTooLarge, UnreadableImage
from sr_batch.core.image import Image, Metadata, Pixels
from tests.codec.animations import Stored, apng_file, gif_file, riff, webp_file
from tests.codec.heif_files import Part, heif_file, ispe
from tests.codec.jxl_files import jxl_header
from tests.codec.pictures import (
    PLENTY,
    by_tifffile,
    camera_exif,
    full_metadata,
    noise,
    open_pillow,
    picture,
    png_file,
    read,
    saved,
    tiff_file,
)
from tests.corpus.profiles import ink_profile

FORMATS = sorted(codec.SUFFIXES)
PILLOWS = [kind for kind in FORMATS if kind != "jxl"]


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 255, marker, len(payload) + 2) + payload


def bmp_head(width: int, height: int) -> bytes:
    head = struct.pack("<2sIHHI", b"BM", 54, 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


STORED = Stored(0, 0, np.full((1, 2, 4), 255, np.uint8))
BOMBS = {
    "jpg": b"\xff\xd8"
    + segment(0xC0, struct.pack(">BHHB", 8, 60000, 60000, 3) + bytes(9))
    + segment(0xDA, bytes(10)),
    "png": png_file(60000, 60000, 8, 2, b"")[:60],
    "png of 16 bit": png_file(60000, 60000, 16, 6, b""),
    "webp": riff((b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16383, 16383))),
    "lossless webp": riff((b"VP8L", b"\x2f" + struct.pack("<I", 16382 | 16382 << 14))),
    "tif": tiff_file(noise(1, 1, 3), tags={Tag.WIDTH: 60000, Tag.HEIGHT: 60000}),
    "bmp": bmp_head(60000, 60000),
    "gif": gif_file(60000, 60000, [STORED]),
    "gif of many frames": gif_file(9000, 3000, [STORED] * 7),
    "avif": heif_file(b"avif", [Part(b"av01", b"", (ispe(60000, 60000),))]),
    "heic": heif_file(b"heic", [Part(b"hvc1", b"", (ispe(60000, 60000),))]),
    "jxl": jxl_header(60000, 60000),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("reader", [codec.read_header, codec.read_image])
def test_refuses_bombs_by_their_header(
    reader: Callable[[bytes, str, int], object], bomb: bytes
) -> None:
    with pytest.raises(
        ImageTooLarge, match=r"^a: (7 frames of )?\d+x\d+ .*--max-pixels \d+$"
    ) as caught:
        reader(bomb, "a", 178_956_970)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_pillows_own_limit_does_not_apply(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Pillow would warn over this many pixels, and refuse twice as many.
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 10)
    data = saved(Pillow.fromarray(noise(30, 40, 3)), kind)
    assert codec.read_header(data, "a", 1200).size.pixels == 1200
    assert read(data).color.shape == (30, 40, 3)
    with pytest.raises(ImageTooLarge):
        codec.read_image(data, "a", 1199)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_without_pixels_is_an_error(kind: str) -> None:
    empty = {
        "jpg": BOMBS["jpg"].replace(struct.pack(">H", 60000), b"\0\0"),
        "png": png_file(0, 5, 8, 2, b""),
        "webp": riff((b"VP8 ", b"\0\0\0\x9d\x01\x2a" + bytes(4))),
        "tif": tiff_file(noise(1, 1, 3), tags={Tag.WIDTH: 0}),
        "bmp": bmp_head(0, 9),
        "gif": gif_file(9, 9, []),
        "avif": heif_file(b"avif", [Part(b"av01", b"", (ispe(0, 9),))]),
        "heic": heif_file(b"heic", [Part(b"hvc1", b"", (ispe(9, 0),))]),
        "jxl": jxl_header(5, 5)[:4],
    }[kind]
    with pytest.raises(UnreadableImage, match=rf"^a: .*{kind}"):
        codec.read_header(empty, "a", PLENTY)


def test_an_empty_file_is_an_error() -> None:
    with pytest.raises(UnreadableImage, match=r"^a\.jpg: the file is empty$"):
        codec.read_image(b"", "a.jpg", PLENTY)


@pytest.mark.parametrize("kind", FORMATS)
def test_keeps_the_requested_metadata(kind: str) -> None:
    """Every format, depth, gray and RGB, with and without alpha: as much as it can hold."""
    for channels, alpha, depth in [
        (c, a, d) for c in (1, 3) for a in (False, True) for d in (8, 16)
    ]:
        image = picture(channels, alpha, depth)
        back = read(codec.encode_image(image, kind, 95))
        lost = codec.losses(image, kind)
        assert back.format == kind
        assert back.size == image.size
        assert (back.alpha is not None) == (alpha and "alpha flattened on white" not in lost)
        assert (back.levels == image.levels) == ("16-bit samples rounded to 8 bits" not in lost)


@pytest.mark.parametrize("kind", PILLOWS)
@pytest.mark.parametrize("turn", range(1, 9))
def test_an_upright_picture_is_written_upright(turn: int, kind: str) -> None:
    source = saved(Pillow.fromarray(noise(16, 24, 3)), "PNG", exif=b"Exif\0\0" + camera_exif(turn))
    image = read(source)
    again = read(codec.encode_image(image, kind, 95))
    assert again.size == image.size
    opened = open_pillow(codec.encode_image(image, kind, 95))
    assert opened.getexif().get(274, 1) == 1
    assert opened.size == (image.size.width, image.size.height)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif", "avif", "heic"])
def test_writes_the_dimensions_of_the_enlarged_picture(kind: str) -> None:
    image = Image(noise(26, 34, 3), None, full_metadata())
    inner = open_pillow(codec.encode_image(image, kind, 95)).getexif().get_ifd(34665)
    assert (inner[40962], inner[40963]) == (34, 26)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("dpi", [(4e9, 4e9), (1e-9, 1e-9)])
def test_takes_any_resolution(kind: str, dpi: tuple[float, float]) -> None:
    image = Image(noise(3, 4, 3), None, Metadata(dpi=dpi))
    assert read(codec.encode_image(image, kind, 95)).size == image.size


@pytest.mark.parametrize("kind", FORMATS)
def test_does_not_touch_the_picture_it_encodes(kind: str) -> None:
    image = picture(3, True, 16)
    color, alpha = image.color.copy(), merged_alpha(image).copy()
    codec.encode_image(image, kind, 95)
    assert np.array_equal(image.color, color)
    assert np.array_equal(merged_alpha(image), alpha)


def merged_alpha(image: Image) -> Pixels:
    assert image.alpha is not None
    return image.alpha


def camera_jpeg() -> bytes:
    """As phones make them: lying on its side, GPS, a profile and a resolution."""
    metadata = full_metadata()
    return saved(
        Pillow.fromarray(noise(40, 60, 3)),
        "JPEG",
        exif=b"Exif\0\0" + camera_exif(6, ">"),
        icc_profile=metadata.icc,
        dpi=(300, 150),
    )


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif", "avif", "heic"])
def test_a_camera_picture_keeps_all_metadata(kind: str) -> None:
    source = open_pillow(camera_jpeg()).getexif()
    result = open_pillow(codec.encode_image(read(camera_jpeg()), kind, 95))
    entries = result.getexif()
    assert {tag: entries[tag] for tag in (271, 272, 306)} == {t: source[t] for t in (271, 272, 306)}
    assert entries.get_ifd(34853) == source.get_ifd(34853)
    assert entries.get_ifd(34665)[37386] == source.get_ifd(34665)[37386]
    assert entries[274] == 1
    assert result.size == (40, 60)
    assert result.info["icc_profile"] == full_metadata().icc


@functools.cache
def sources() -> list[bytes]:
    """A small file of every kind."""
    rgb, rgba = Pillow.fromarray(noise(9, 14, 3)), Pillow.fromarray(noise(9, 14, 4))
    block = b"Exif\0\0" + camera_exif(6)
    return [
        *(saved(rgb, kind, exif=block) for kind in ("JPEG", "PNG", "WEBP", "TIFF")),
        *(saved(rgba, kind) for kind in ("PNG", "TIFF", "WEBP")),
        saved(rgb.convert("P"), "PNG"),
        saved(rgb.convert("P"), "BMP"),
        saved(rgb, "BMP"),
        saved(rgb.convert("1"), "TIFF", compression="group4"),
        saved(rgb, "TIFF", compression="jpeg"),
        saved(rgb, "TIFF", compression="tiff_lzw"),
        saved(rgb, "JPEG", progressive=True),
        cv2.imencode(".png", noise(9, 14, 3, depth=16))[1].tobytes(),
        *(codec.encode_image(picture(3, True, 16), kind, 95) for kind in FORMATS),
        *(make(14, 9, [STORED, STORED]) for make in (apng_file, gif_file, webp_file)),
        codec.encode_pages([picture(3, False, 8), picture(1, True, 16)], "tif", 95),
        tiff_encode.encode([picture(3, False, 8)] * 2, classic_bytes=0),
        by_tifffile(noise(9, 14, 4, depth=16), photometric="separated", iccprofile=ink_profile()),
        by_tifffile(noise(9, 14, 3), photometric="cielab", compression="zlib", tile=(16, 16)),
        by_tifffile(noise(9, 14, 4) / np.float32(255), photometric="rgb"),
        by_tifffile(
            noise(14, 14).astype(np.int32),
            photometric="minisblack",
            predictor=2,
            compression="zlib",
        ),
    ]


@settings(max_examples=300)
@given(st.data())
def test_damage_ends_in_one_line_or_a_picture(data: st.DataObject) -> None:
    damaged = bytearray(data.draw(st.sampled_from(sources())))
    places = st.integers(0, len(damaged) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        damaged[place] = value
    kept = data.draw(st.one_of(st.just(len(damaged)), places))
    try:
        images = list(codec.read_pages(bytes(damaged[:kept]), "a", 10**6))
    except ImageError as fault:
        assert str(fault).startswith("a: ")
        assert "\n" not in str(fault)
    else:
        assert all(image.size.pixels == image.color[..., 0].size for image in images)


def test_many_threads_read_and_write_at_once() -> None:
    images = [picture(3, True, depth, 90, 70) for depth in (8, 16)] * 4
    results: list[bool] = []

    def go_round(image: Image) -> None:
        back = read(codec.encode_image(image, "tif", 95))
        results.append(np.array_equal(back.color, image.color))

    threads = [threading.Thread(target=go_round, args=(image,)) for image in images]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * len(images)
