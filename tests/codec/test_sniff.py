from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.sniff import describe
from sr_batch.core.errors import UnreadableImage, UnsupportedImage
from tests.codec.pictures import PLENTY, noise, saved

OURS = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "TIFF": "tif",
    "BMP": "bmp",
    "GIF": "gif",
    "AVIF": "avif",
    "HEIF": "heic",
}
BY_HEAD = {
    b"\0\0\0\x20ftypavif\0\0\0\0mif1": "avif",
    b"\0\0\0\x20ftypavis\0\0\0\0msf1": "avif",
    b"\0\0\0\x18ftypheix\0\0\0\0mif1heic": "heic",
    b"\0\0\0\x18ftypmif1\0\0\0\0miafavif": "avif",
    b"\0\0\0\x18ftypmsf1\0\0\0\0mif1hevc": "heic",
    b"\0\0\0\x14ftypmif1\0\0\0\0miafheic": None,  # the brand is behind the box
    b"\0\0\0\x0cJXL \r\n\x87\n": "jxl",
    b"\xff\x0a\x60\x09\x24": "jxl",
}
FOREIGN = {
    b"%PDF-1.7\n": "a PDF",
    b"\0\0\0\x18ftypmif1\0\0\0\0mif1jpeg": "HEIF of another kind than HEIC and AVIF",
    b"\0\0\0\x14ftypisom\0\0\0\0avc1": "a video",
    b"8BPS\0\1": "a Photoshop document",
    b"\0\0\1\0\1\0": "an icon",
    b"PK\3\4": "a ZIP archive",
    b"II*\0\x10\0\0\0CR\2\0": "a camera raw",
    b"<?xml version='1.0'?><svg/>": "SVG or XML",
    b"<!DOCTYPE html><title>404": "a web page",
    b"Dear diary,\ntoday I went \xc3\xbc": "text",
    b"BM, my two initials": "text",
    bytes(600): "all zeros",
    "Caf\u00e9".encode()[:-1]: "text",
    b"\x93\x00\xa7\xfe\x81": "of an unknown kind",
}


@pytest.mark.parametrize(("pillow_name", "kind"), OURS.items())
def test_recognises_supported_formats(pillow_name: str, kind: str) -> None:
    data = saved(Pillow.fromarray(noise(4, 5, 3)), pillow_name)
    assert codec.sniff(data[:16]) == kind


@pytest.mark.parametrize(("head", "kind"), BY_HEAD.items())
def test_reads_the_brands_of_a_file(head: bytes, kind: str | None) -> None:
    assert codec.sniff(head) == kind


@pytest.mark.parametrize(("head", "what"), FOREIGN.items(), ids=FOREIGN.values())
def test_names_unsupported_formats(head: bytes, what: str) -> None:
    assert codec.sniff(head[:64]) is None
    assert describe(head) == what
    with pytest.raises(
        UnsupportedImage, match=f"^holiday.jpg: it is {what}, not JPEG, PNG"
    ) as caught:
        codec.read_header(head, "holiday.jpg", PLENTY)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pillow_name", OURS)
def test_a_file_that_has_only_begun_to_arrive_is_truncated(pillow_name: str) -> None:
    data = saved(Pillow.fromarray(noise(4, 5, 3)), pillow_name)
    for length in range(1, 24):
        with pytest.raises(UnreadableImage):
            codec.read_header(data[:length], "holiday.jpg", PLENTY)


@given(st.binary(max_size=80))
def test_describes_anything(head: bytes) -> None:
    assert describe(head)


def test_recognises_content_not_suffix() -> None:
    data = saved(Pillow.fromarray(noise(4, 5, 3)), "PNG")
    image = codec.read_image(data, "wrong.jpg", PLENTY)
    assert image.format == "png"
    assert np.array_equal(image.color, noise(4, 5, 3))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jpg", "jpg"),
        ("a.JPEG", "jpg"),
        ("a.jpe", "jpg"),
        ("a.tiff", "tif"),
        ("a.TIF", "tif"),
        ("a.dib", "bmp"),
        ("a.b.webp", "webp"),
        ("a.AVIF", "avif"),
        ("IMG_1.HEIC", "heic"),
        ("a.heif", "heic"),
        ("a.hif", "heic"),
        ("a.jxl", "jxl"),
        ("a.png", "png"),
        ("a.gif", "gif"),
        ("a.apng", "png"),
        ("a.ico", None),
        ("a", None),
        (".png", None),
    ],
)
def test_knows_formats_by_suffix(name: str, kind: str | None) -> None:
    assert codec.format_of_suffix(Path(name)) == kind


def test_every_suffix_written_is_known() -> None:
    for kind, suffix in codec.SUFFIXES.items():
        assert codec.format_of_suffix(Path("a" + suffix)) == kind
