import io
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import MpoImagePlugin

from sr_batch import codec
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from sr_batch.core.image import Image, Metadata, Pixels
from tests.codec.pictures import (
    GPS,
    PLENTY,
    camera_exif,
    full_metadata,
    noise,
    open_opencv,
    open_pillow,
    read,
    saved,
    smooth,
    srgb_profile,
)


def cv_jpeg(pixels: Pixels, quality: int) -> npt.NDArray[Any]:
    """What OpenCV makes of the whole picture at once, decoded again."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    return np.asarray(open_pillow(cv2.imencode(".jpg", bgr, options)[1].tobytes()))


@given(st.integers(1, 70), st.integers(1, 600), st.integers(1, 100))
def test_joined_strips_equal_the_picture_encoded_at_once(
    width: int, height: int, quality: int
) -> None:
    pixels = noise(height, width, 3)
    data = codec.encode_image(Image(pixels), "jpg", quality)
    assert np.array_equal(np.asarray(open_pillow(data)), cv_jpeg(pixels, quality))


def test_joins_strips_as_wide_as_jpeg_allows() -> None:
    pixels = np.broadcast_to(smooth(130, 1, 3), (130, 65500, 3))
    decoded = open_pillow(codec.encode_image(Image(pixels), "jpg", 95))
    assert decoded.size == (65500, 130)
    assert np.abs(np.asarray(decoded)[:, ::999].astype(int) - pixels[:, ::999]).max() < 30


@pytest.mark.parametrize("reader", ["pillow", "opencv"])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_decoders_read_what_is_written(channels: int, reader: str) -> None:
    pixels = smooth(300, 90, channels)
    data = codec.encode_image(Image(pixels), "jpg", 95)
    decoded = np.asarray(open_pillow(data)) if reader == "pillow" else open_opencv(data)
    assert np.abs(decoded.reshape(pixels.shape).astype(int) - pixels).max() < 12


def test_writes_full_colour_resolution() -> None:
    opened = open_pillow(codec.encode_image(Image(noise(9, 9, 3)), "jpg", 95))
    assert [component[1:3] for component in opened.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]


def test_quality_changes_size_and_error() -> None:
    sizes = [len(codec.encode_image(Image(noise(64, 64, 3)), "jpg", q)) for q in (10, 50, 95)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}])
def test_reads_the_same_pixels_as_pillow(mode: str, options: dict[str, object]) -> None:
    data = saved(Pillow.fromarray(smooth(50, 41, 3)).convert(mode), "JPEG", **options)
    image = read(data)
    assert image.is_gray == (mode == "L")
    assert np.array_equal(image.color.squeeze(), np.asarray(open_pillow(data)))


def test_keeps_metadata() -> None:
    metadata = full_metadata()
    data = codec.encode_image(Image(noise(13, 17, 3), None, metadata), "jpg", 95)
    opened = open_pillow(data)
    assert opened.info["icc_profile"] == metadata.icc
    assert opened.info["dpi"] == (300, 150)
    assert opened.getexif()[271] == "Maker"
    assert opened.getexif().get_ifd(34853) == GPS
    assert read(data).metadata == replace(metadata, quality=95)


def test_keeps_a_profile_of_many_segments() -> None:
    icc = srgb_profile() + bytes(200_000)
    data = codec.encode_image(Image(noise(8, 8, 3), None, Metadata(icc=icc)), "jpg", 95)
    assert read(data).metadata.icc == icc
    assert open_pillow(data).info["icc_profile"] == icc


def test_ignores_a_profile_with_a_missing_segment() -> None:
    icc = srgb_profile() + bytes(100_000)
    data = codec.encode_image(Image(noise(8, 8, 3), None, Metadata(icc=icc)), "jpg", 95)
    assert read(data.replace(b"ICC_PROFILE\0\2\2", b"XCC_PROFILE\0\2\2")).metadata.icc is None


@pytest.mark.parametrize("size", [65527, 65528])
def test_a_block_too_large_is_left_out_with_a_note(size: int) -> None:
    block = camera_exif() + bytes(size - len(camera_exif()))
    image = Image(noise(13, 17, 3), None, Metadata(exif=block))
    fits = size == 65527
    assert read(codec.encode_image(image, "jpg", 95)).metadata.exif == (block if fits else None)
    assert codec.losses(image, "jpg") == (() if fits else ("EXIF left out",))


def test_falls_back_to_the_resolution_of_exif() -> None:
    block = Pillow.Exif()
    block[282], block[283], block[296] = 240.0, 240.0, 2
    data = saved(Pillow.fromarray(noise(8, 8, 3)), "JPEG", exif=block)
    assert read(data).metadata.dpi == (240.0, 240.0)


def test_understands_resolution_per_centimetre() -> None:
    data = bytearray(saved(Pillow.fromarray(noise(8, 8, 3)), "JPEG", dpi=(100, 50)))
    data[data.index(b"JFIF") + 7] = 2
    assert read(bytes(data)).metadata.dpi == (254.0, 127.0)


def test_takes_the_first_picture_of_a_phone() -> None:
    first, second = Pillow.fromarray(smooth(20, 30, 3)), Pillow.fromarray(smooth(8, 9, 3))
    out = io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[second])
    assert isinstance(Pillow.open(out), MpoImagePlugin.MpoImageFile)
    assert b"MPF\0" in out.getvalue()
    image = read(out.getvalue())
    assert np.array_equal(image.color, np.asarray(open_pillow(out.getvalue())))
    written = codec.encode_image(image, "jpg", 95)
    assert b"MPF\0" not in written  # where the second picture stood
    assert open_pillow(written).format == "JPEG"


def test_skips_junk_between_segments() -> None:
    data = saved(Pillow.fromarray(noise(8, 8, 3)), "JPEG")
    padded = data[:2] + b"\xff\xff\0junk\xff\xd0" + data[2:]
    assert np.array_equal(read(padded).color, read(data).color)


def test_ignores_a_broken_exif_block() -> None:
    data = saved(Pillow.fromarray(noise(8, 8, 3)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7fxx")
    assert read(data).color.shape == (8, 8, 3)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("lost", [6, 100, 1500])
def test_a_truncated_picture_is_an_error(lost: int, progressive: bool) -> None:
    data = saved(Pillow.fromarray(noise(60, 60, 3)), "JPEG", quality=95, progressive=progressive)
    assert len(data) > 3000
    with pytest.raises(UnreadableImage, match=r"^a\.jpg: truncated or damaged jpg \(its pixels"):
        codec.read_image(data[:-lost], "a.jpg", PLENTY)


def test_refuses_samples_of_more_than_a_byte() -> None:
    data = bytearray(saved(Pillow.fromarray(noise(8, 8, 3)), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(UnsupportedImage, match="3 channels and 12 bit; convert it to 8-bit RGB"):
        codec.read_header(bytes(data), "a.jpg", PLENTY)


def test_a_file_without_picture_data_is_an_error() -> None:
    for data in (b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\xff\xd8\xff"):
        with pytest.raises(UnreadableImage, match="truncated or damaged jpg"):
            codec.read_header(data, "a.jpg", PLENTY)
