"""Metadata through every format, read back by other programs."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from sr_batch import codec
from sr_batch.codec.jpeg_segments import MAX_XMP
from sr_batch.codec.metadata import photoshop
from sr_batch.codec.tiff import encode as tiff_encode
from sr_batch.core.image import Image, Metadata
from tests.codec.animations import animation
from tests.codec.pictures import (
    IPTC_RECORD,
    camera_exif,
    full_metadata,
    noise,
    open_pillow,
    read,
    saved,
    xmp_packet,
)

KINDS = ["jpg", "png", "tif", "webp", "avif", "heic", "jxl"]
WITH_IPTC = ["jpg", "png", "tif"]


@pytest.fixture(scope="module")
def exiftool() -> str:
    found = shutil.which("exiftool")
    if found is None:
        assert not os.environ.get("CI"), "exiftool is missing"
        pytest.skip("exiftool is not installed")
    return found


def said(exiftool: str, data: bytes, path: Path) -> dict[str, Any]:
    path.write_bytes(data)
    run = subprocess.run(
        [exiftool, "-json", "-G1", "-n", str(path)], capture_output=True, check=True
    )
    (found,) = json.loads(run.stdout)
    return dict(found)


@pytest.mark.parametrize("kind", KINDS)
def test_another_program_reads_all_of_it(kind: str, exiftool: str, tmp_path: Path) -> None:
    image = Image(noise(26, 34, 3), None, full_metadata())
    found = said(exiftool, codec.encode_image(image, kind, 95), tmp_path / f"a.{kind}")
    expected = {
        "IFD0:Make": "Maker",
        "ExifIFD:ExifImageWidth": 34,
        "ExifIFD:ExifImageHeight": 26,
        "GPS:GPSLatitudeRef": "N",
        "XMP-dc:Title": "A cat",
        "XMP-tiff:ImageWidth": 34,
        "XMP-tiff:ImageHeight": 26,
        "XMP-exif:ExifImageWidth": 34,
        "XMP-photoshop:City": "Paris",
    }
    if kind in WITH_IPTC:
        expected["IPTC:Caption-Abstract"] = "A cat"
    assert {key: found.get(key) for key in expected} == expected
    assert "ExifTool:Error" not in found
    assert "ExifTool:Warning" not in found


@pytest.mark.parametrize("big", [False, True])
def test_another_program_reads_the_metadata_of_every_page(
    big: bool, exiftool: str, tmp_path: Path
) -> None:
    pages = [Image(noise(26, 34, 3), None, full_metadata()) for _ in range(2)]
    data = tiff_encode.encode(pages, classic_bytes=0 if big else 2**32 - 1)
    found = said(exiftool, data, tmp_path / "a.tif")
    expected = {
        "IFD0:PageNumber": "0 2",
        "IFD1:PageNumber": "1 2",
        "IFD0:Make": "Maker",
        "IFD1:Make": "Maker",
        "XMP-dc:Title": "A cat",
        "IPTC:Caption-Abstract": "A cat",
        # It has a name of its own for BigTIFF's, and takes GPS there for something else.
        "ExifOffset:FocalLength" if big else "ExifIFD:FocalLength": 50,
    } | ({} if big else {"GPS:GPSLatitudeRef": "N"})
    assert {key: found.get(key) for key in expected} == expected
    assert found["File:FileType"] == ("BTF" if big else "TIFF")
    assert "ExifTool:Error" not in found


def test_another_program_reads_the_metadata_of_a_gif(exiftool: str, tmp_path: Path) -> None:
    image = Image(noise(26, 34, 3), None, full_metadata())
    found = said(exiftool, codec.encode_image(image, "gif", 95), tmp_path / "a.gif")
    assert (found["XMP-dc:Title"], found["XMP-tiff:ImageWidth"]) == ("A cat", 34)
    assert found["ICC-header:ColorSpaceData"] == "RGB "
    assert "ExifTool:Warning" not in found


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("gif", {"GIF:FrameCount": 5, "GIF:Duration": 0.5, "GIF:AnimationIterations": 2}),
        ("png", {"PNG:AnimationFrames": 5, "PNG:AnimationPlays": 3, "XMP-dc:Title": "A cat"}),
        ("webp", {"RIFF:Duration": 0.5, "RIFF:AnimationLoopCount": 3, "IFD0:Make": "Maker"}),
    ],
)
def test_another_program_counts_the_frames(
    kind: str, expected: dict[str, Any], exiftool: str, tmp_path: Path
) -> None:
    frames = animation([noise(26, 34, 3)] * 5, plays=3, metadata=full_metadata())
    found = said(exiftool, codec.encode_pages(frames, kind, 95), tmp_path / f"a.{kind}")
    assert {key: found.get(key) for key in expected} == expected
    assert "ExifTool:Warning" not in found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("policy", ["strip", "no-gps"])
def test_removed_metadata_is_gone(kind: str, policy: Any, exiftool: str, tmp_path: Path) -> None:
    metadata = codec.kept(full_metadata(), policy)
    data = codec.encode_image(Image(noise(26, 34, 3), None, metadata), kind, 95)
    found = said(exiftool, data, tmp_path / f"a.{kind}")
    assert not [key for key in found if "GPS" in key]
    assert ("XMP-dc:Title" in found) == (policy == "no-gps")
    assert ("IFD0:Make" in found) == (policy == "no-gps")
    assert kind == "jxl" or "ICC-header:ColorSpaceData" in found  # there it is packed with pixels


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_survives_a_round_trip(kind: str) -> None:
    image = Image(noise(13, 17, 3), None, full_metadata())
    back = read(codec.encode_image(image, kind, 95)).metadata
    assert back.xmp == xmp_packet()
    assert back.icc == (
        None if kind == "jxl" else image.metadata.icc
    )  # sRGB, which needs no profile
    if kind in WITH_IPTC:
        assert photoshop.iptc(back.photoshop) == IPTC_RECORD


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_metadata_of_a_turned_picture_says_upright(kind: str) -> None:
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", xmp_packet(6).decode(), zip=True)
    block = b"Exif\0\0" + camera_exif(6)
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"xmp": xmp_packet(6), "exif": block},
        "WEBP": {"xmp": xmp_packet(6), "exif": block},
        "PNG": {"pnginfo": texts, "exif": block},
        "TIFF": {"tiffinfo": {700: xmp_packet(6), 274: 6}},
    }
    image = read(saved(Pillow.fromarray(noise(13, 17, 3)), kind, **options[kind]))
    assert (image.size.width, image.size.height) == (13, 17)
    assert image.metadata.xmp is not None
    assert b'tiff:Orientation="1"' in image.metadata.xmp
    assert b"Thumbnails" not in image.metadata.xmp


def test_splices_all_resources_of_a_jpeg() -> None:
    path = b"8BIM\x07\xd0\x00\x00" + (70_000).to_bytes(4, "big") + bytes(70_000)
    resources = photoshop.of_iptc(IPTC_RECORD) + path
    image = Image(noise(8, 8, 3), None, Metadata(photoshop=resources))
    data = codec.encode_image(image, "jpg", 95)
    assert read(data).metadata.photoshop == resources
    assert open_pillow(data).size == (8, 8)


def test_carries_a_long_packet_from_jpeg_to_jpeg() -> None:
    pieces = (b"0" * 40 + b"first", b"0" * 40 + b"second")
    image = Image(noise(8, 8, 3), None, Metadata(xmp=xmp_packet(), xmp_extension=pieces))
    assert read(codec.encode_image(image, "jpg", 95)).metadata.xmp_extension == pieces
    assert "a part of XMP left out" in codec.losses(image, "png")
    assert "a part of XMP left out" not in codec.losses(image, "jpg")


def test_a_packet_does_not_promise_a_part_that_is_left_out() -> None:
    promise = b' xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="0123"'
    packet = xmp_packet().replace(b' rdf:about=""', b' rdf:about=""' + promise)
    image = Image(noise(8, 8, 3), None, Metadata(xmp=packet, xmp_extension=(b"0" * 40 + b"x",)))
    assert b"HasExtendedXMP" in codec.encode_image(image, "jpg", 95)
    assert b"HasExtendedXMP" not in codec.encode_image(image, "png", 95)
    without = codec.kept(image.metadata, "no-gps")
    assert b"HasExtendedXMP" not in (without.xmp or b"")
    assert without.unread == ("a part of XMP",)


def test_notes_what_does_not_fit() -> None:
    long = b"x" * (MAX_XMP + 1)
    image = Image(np.zeros((8, 8, 3), np.uint8), None, Metadata(xmp=long, photoshop=b"8BIM"))
    assert codec.losses(image, "jpg") == ("XMP left out",)
    assert codec.losses(image, "webp") == ("IPTC left out",)
    assert set(codec.losses(image, "bmp")) == {"XMP left out", "IPTC left out"}
    assert read(codec.encode_image(image, "jpg", 95)).metadata.xmp is None
