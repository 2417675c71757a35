import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.core.errors import ImageTooLarge, UnreadableImage
from sr_batch.core.image import Image, Metadata
from tests.codec.pictures import (
    GPS,
    PLENTY,
    full_metadata,
    merged,
    noise,
    open_pillow,
    read,
    saved,
    smooth,
    srgb_profile,
)


@pytest.mark.parametrize("samples", [3, 4])
@pytest.mark.parametrize("lossless", [False, True])
def test_reads_the_same_pixels_as_pillow(samples: int, lossless: bool) -> None:
    pixels = smooth(40, 50, samples)
    pixels[..., 3:] |= 1
    data = saved(Pillow.fromarray(pixels), "WEBP", lossless=lossless)
    image = read(data)
    assert image.metadata.lossless == lossless
    assert np.array_equal(merged(image), np.asarray(open_pillow(data)))


@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_a_lossless_input_stays_lossless(samples: int) -> None:
    pixels = noise(20, 30, samples)
    alpha = pixels[..., -1] if samples in (2, 4) else None
    color = pixels[..., : 3 if samples > 2 else 1]
    data = codec.encode_image(Image(color, alpha, Metadata(lossless=True)), "webp", 50)
    back = read(data)
    assert back.metadata.lossless
    assert np.array_equal(back.color, np.broadcast_to(color, (20, 30, 3)))
    assert alpha is None or np.array_equal(merged(back)[..., 3], alpha)


def test_keeps_colour_under_transparency() -> None:
    color, alpha = noise(20, 30, 3), np.zeros((20, 30), np.uint8)
    alpha[5:, 5:] = 255
    data = codec.encode_image(Image(color, alpha, Metadata(lossless=True)), "webp", 50)
    assert np.array_equal(read(data).color, color)


def test_quality_changes_size_and_error() -> None:
    image = Image(noise(64, 64, 3))
    sizes = [len(codec.encode_image(image, "webp", quality)) for quality in (10, 50, 95)]
    assert sizes == sorted(set(sizes))


def test_writes_near_what_it_was_given() -> None:
    pixels = smooth(64, 64, 3)
    back = read(codec.encode_image(Image(pixels), "webp", 95))
    assert not back.metadata.lossless
    assert np.abs(back.color.astype(int) - pixels).mean() < 2


def test_keeps_metadata() -> None:
    image = Image(noise(13, 17, 3), None, full_metadata())
    data = codec.encode_image(image, "webp", 95)
    opened = open_pillow(data)
    assert opened.info["icc_profile"] == image.metadata.icc
    assert opened.getexif().get_ifd(34853) == GPS
    assert read(data).metadata.exif == image.metadata.exif
    assert codec.losses(image, "webp") == ("IPTC left out",)


def test_leaves_out_a_gray_profile_with_a_note() -> None:
    icc = srgb_profile()[:16] + b"GRAY" + srgb_profile()[20:]
    image = Image(noise(8, 8, 1), None, Metadata(icc=icc))
    assert read(codec.encode_image(image, "webp", 95)).metadata.icc is None
    assert codec.losses(image, "webp") == ("ICC profile left out",)
    assert read(codec.encode_image(image, "png", 95)).metadata.icc == icc


def test_rounds_sixteen_bit_with_a_note() -> None:
    image = Image(noise(8, 8, 3, depth=16), None, Metadata(lossless=True))
    back = read(codec.encode_image(image, "webp", 95))
    assert np.array_equal(back.color, np.rint(image.color / 257))
    assert codec.losses(image, "webp") == ("16-bit samples rounded to 8 bits",)


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.97])
def test_a_truncated_picture_is_an_error(kept: float, lossless: bool) -> None:
    data = saved(Pillow.fromarray(noise(40, 40, 3)), "WEBP", lossless=lossless)
    with pytest.raises(UnreadableImage, match="truncated or damaged webp"):
        codec.read_image(data[: int(len(data) * kept)], "a.webp", PLENTY)


def test_refuses_to_write_what_it_cannot_hold() -> None:
    wide = Image(np.zeros((1, 16384, 3), np.uint8))
    with pytest.raises(ImageTooLarge, match="16383"):
        codec.encode_image(wide, "webp", 95)
