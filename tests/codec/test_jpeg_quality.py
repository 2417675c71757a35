import io
import threading

import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.batch.decoder_pool import loader
from sr_batch.codec.jpeg_quality import quality
from tests.codec.pictures import PLENTY, noise


def jpeg(wanted: int, channels: int = 3) -> bytes:
    file = io.BytesIO()
    pixels = noise(16, 24, channels)
    Pillow.fromarray(pixels[..., 0] if channels == 1 else pixels).save(file, "JPEG", quality=wanted)
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("wanted", [*range(1, 101, 9), 62])
def test_the_quality_that_a_file_was_saved_with_is_found(wanted: int, channels: int) -> None:
    image = codec.read_image(jpeg(wanted, channels), "a.jpg", PLENTY)
    assert image.metadata.quality == wanted


def test_a_table_of_its_own_gets_the_nearest_quality() -> None:
    file = io.BytesIO()
    Pillow.fromarray(noise(16, 16, 3)).save(file, "JPEG", qtables=[[3] * 64, [5] * 64])
    found = codec.read_image(file.getvalue(), "a.jpg", PLENTY).metadata.quality
    assert found is not None
    assert 90 < found < 99


def test_tables_of_16_bit_are_read() -> None:
    wide = b"\x10" + b"".join(number.to_bytes(2, "big") for number in [2] * 64)
    narrow = b"\x00" + bytes([2] * 64)
    assert quality([wide]) == quality([narrow])


@pytest.mark.parametrize("segments", [[], [b""], [b"\0" + bytes(63)], [b"\1" + bytes(64)]])
def test_a_file_without_a_whole_table_of_luma_has_no_quality(segments: list[bytes]) -> None:
    assert quality(segments) is None


def test_other_formats_have_none() -> None:
    data = codec.encode_image(codec.read_image(jpeg(50), "a", PLENTY), "png", 90)
    assert codec.read_image(data, "a.png", PLENTY).metadata.quality is None


def test_stripping_keeps_it() -> None:
    """It is a trait of the pixels, and no secret."""
    image = codec.read_image(jpeg(62), "a.jpg", PLENTY)
    assert codec.kept(image.metadata, "strip").quality == 62


def test_a_decoder_process_reports_it() -> None:
    with loader(True, threading.Event()) as load, load(jpeg(62), "a.jpg", PLENTY) as file:
        assert next(file.pages()).metadata.quality == 62
