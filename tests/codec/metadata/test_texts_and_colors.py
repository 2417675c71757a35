"""Texts, comments, colours and other parts of a file, read back by other programs."""

import io
import json
import os
import shutil
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from sr_batch import codec
from sr_batch.core.errors import UnsupportedImage
from sr_batch.core.image import Image
from tests.codec.pictures import (
    IPTC_RECORD,
    by_tifffile,
    camera_exif,
    noise,
    open_pillow,
    png_file,
    read,
    saved,
    smooth,
    srgb_profile,
    unfiltered,
    xmp_packet,
)

PIXELS = smooth(26, 40, 3)
ADOBE = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)


def png(*chunks: tuple[bytes, bytes], gray: bool = False) -> bytes:
    pixels = PIXELS[..., :1] if gray else PIXELS
    return png_file(40, 26, 8, 0 if gray else 2, unfiltered(pixels), *chunks)


def said(data: bytes, path: Path) -> dict[str, Any]:
    found = shutil.which("exiftool")
    if found is None:
        assert not os.environ.get("CI"), "exiftool is missing"
        pytest.skip("exiftool is not installed")
    path.write_bytes(data)
    command = [found, "-j", "-a", "-G1", str(path)]
    fields: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True).stdout)[0]
    assert "ExifTool:Warning" not in fields
    return fields


def raw(kind: str, profile: bytes) -> bytes:
    return f"\n{kind}\n{len(profile):8}\n".encode() + profile.hex().encode() + b"\n"


def shown(data: bytes) -> Any:
    """What a reader that honours the profile shows on an sRGB screen."""
    picture = open_pillow(data)
    icc = picture.info["icc_profile"]
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    transform = ImageCms.buildTransform(
        profile, ImageCms.createProfile("sRGB"), picture.mode, "RGB"
    )
    return np.asarray(transform.apply(picture)).astype(float)


def srgb(light: Any) -> Any:
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def test_profiles_as_imagemagick_stores_them_are_kept(tmp_path: Path) -> None:
    data = png(
        (b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(raw("xmp", xmp_packet()))),
        (b"tEXt", b"Raw profile type iptc\0" + raw("iptc", IPTC_RECORD)),
    )
    image = read(data)
    assert codec.losses(image, "png") == ()
    for kind in ("png", "jpg", "tif"):
        fields = said(codec.encode_image(image, kind, 95), tmp_path / f"a.{kind}")
        assert fields["XMP-dc:Title"] == "A cat"
        assert fields["IPTC:Caption-Abstract"] == "A cat"


def test_texts_of_a_png_are_kept(tmp_path: Path) -> None:
    data = png(
        (b"tEXt", b"parameters\0a tree\nSteps: 40"),
        (b"tEXt", b"Copyright\0\xa9 me"),
        (b"zTXt", b"Description\0\0" + zlib.compress(b"long " * 99)),
        (b"iTXt", "Title\0\0\0de\0Titel\0Käse 猫".encode()),
        (b"iTXt", b"Author\0\1\0\0\0" + zlib.compress("猫".encode())),
    )
    image = read(data)
    written = codec.encode_image(image, "png", 95)
    fields = said(written, tmp_path / "a.png")
    assert fields["PNG:Parameters"].startswith("a tree")
    assert fields["PNG:Copyright"] == "© me"
    assert fields["PNG:Description"].strip() == ("long " * 99).strip()
    assert fields["PNG:Author"] == "猫"
    before, after = open_pillow(data), open_pillow(written)
    assert before.text == after.text  # type: ignore[attr-defined]
    assert after.text["Title"].lang == "de"  # type: ignore[attr-defined]
    assert codec.losses(image, "png") == ()
    names = "Author, Copyright, Description, Title, parameters"
    assert codec.losses(image, "webp") == (f"texts left out ({names})",)


def test_a_damaged_text_is_noted() -> None:
    (note,) = codec.losses(read(png((b"zTXt", b"Title\0\0junk"))), "png")
    assert note == "a damaged or very long text left out"


@pytest.mark.parametrize("content", [b"Summer 1962", "Sömmer".encode(), b"S\xf6mmer"])
def test_comments_of_a_jpeg_are_kept(content: bytes, tmp_path: Path) -> None:
    image = read(saved(Pillow.fromarray(PIXELS), "JPEG", comment=content))
    assert open_pillow(codec.encode_image(image, "jpg", 95)).info["comment"] == content
    as_png = codec.encode_image(image, "png", 95)
    assert said(as_png, tmp_path / "a.png")["PNG:Comment"] == content.decode(
        "latin-1" if b"\xf6" in content else "utf-8"
    )
    back = codec.encode_image(read(as_png), "jpg", 95)
    assert open_pillow(back).info["comment"].decode() == said(as_png, tmp_path / "a")["PNG:Comment"]


def test_texts_beside_the_quality_of_photoshop_are_kept() -> None:
    text = "© me\0".encode("utf-16-be")
    ducky = b"Ducky\0\1\0\4\0\0\0\x32\0\3" + struct.pack(">HI", len(text) + 4, 5) + text + bytes(2)
    data = saved(Pillow.fromarray(PIXELS), "JPEG")
    data = data[:2] + b"\xff\xec" + struct.pack(">H", len(ducky) + 2) + ducky + data[2:]
    written = codec.encode_image(read(data), "jpg", 95)
    assert open_pillow(written).info["comment"].decode() == "Copyright: © me"


def test_strip_removes_texts_and_no_gps_removes_places() -> None:
    data = png((b"tEXt", b"Title\0x"), (b"tEXt", b"exif:GPSLatitude\0x"))
    assert codec.kept(read(data).metadata, "strip").texts == ()
    assert [t.keyword for t in codec.kept(read(data).metadata, "no-gps").texts] == ["Title"]


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_a_gamma_is_shown_as_the_file_says(gamma: float, gray: bool, kind: str) -> None:
    image = read(png((b"gAMA", struct.pack(">I", round(100_000 / gamma))), gray=gray))
    pixels = PIXELS[..., :1] if gray else PIXELS
    expected = srgb((pixels / 255) ** gamma)
    assert np.abs(shown(codec.encode_image(image, kind, 95)) - expected).max() < 2


def test_primaries_become_a_profile() -> None:
    gamma = (b"gAMA", struct.pack(">I", 45455))
    image = read(png(gamma, (b"cHRM", ADOBE)))
    inside = ImageCms.ImageCmsProfile(io.BytesIO(image.metadata.icc or b"")).profile
    assert inside.red_colorant
    assert np.allclose(inside.red_colorant[0], (0.6097, 0.3111, 0.0195), atol=1e-3)


def test_numbers_become_the_profile_that_they_become_in_avif() -> None:
    icc = read(png((b"cICP", bytes((12, 13, 0, 1))))).metadata.icc
    inside = ImageCms.ImageCmsProfile(io.BytesIO(icc or b"")).profile
    assert inside.red_colorant
    assert np.allclose(inside.red_colorant[0], (0.5151, 0.2412, -0.0011), atol=3e-4)


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused(transfer: int, name: str) -> None:
    with pytest.raises(UnsupportedImage, match=rf"an HDR picture \({name}\)"):
        read(png((b"cICP", bytes((9, transfer, 0, 1)))))
    beside = (b"iCCP", b"x\0\0" + zlib.compress(srgb_profile()))
    with pytest.raises(UnsupportedImage, match=rf"an HDR picture \({name}\)"):
        read(png(beside, (b"cICP", bytes((9, transfer, 0, 1)))))


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"gAMA", struct.pack(">I", 45455))],
        [(b"gAMA", struct.pack(">I", 100_000)), (b"sRGB", b"\0")],
        [(b"cICP", bytes((1, 13, 0, 1)))],
        [(b"iCCP", b"x\0\0" + zlib.compress(srgb_profile())), (b"gAMA", struct.pack(">I", 1000))],
    ],
)
def test_srgb_needs_no_other_profile(chunks: list[tuple[bytes, bytes]]) -> None:
    image = read(png(*chunks))
    assert image.metadata.icc in (None, srgb_profile())
    assert codec.losses(image, "png") == ()


@pytest.mark.parametrize("chunk", [(b"gAMA", bytes(4)), (b"cHRM", bytes(32)), (b"gAMA", b"x")])
def test_a_description_without_sense_is_noted(chunk: tuple[bytes, bytes]) -> None:
    (note,) = codec.losses(read(png(chunk)), "png")
    assert note == "gAMA or cHRM make no sense, colours read as sRGB"


def test_a_profile_without_its_checksum_is_kept() -> None:
    packed = zlib.compress(srgb_profile())
    for stream in (packed[:-4], packed[:-4] + b"abcd"):
        assert read(png((b"iCCP", b"x\0\0" + stream))).metadata.icc == srgb_profile()
    damaged = read(png((b"iCCP", b"x\0\0" + packed[: len(packed) // 2])))
    assert damaged.metadata.icc is None
    assert codec.losses(damaged, "png") == ("a damaged ICC profile left out",)


def packet(spaces: str, properties: str, elements: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
        ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:C="http://ns.google.com/photos/1.0/container/"'
        ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg" {spaces}'
        f" {properties}>"
        f"{elements}<C:Directory><rdf:Seq><rdf:li rdf:parseType='Resource'><C:Item"
        ' Item:Semantic="GainMap" Item:Mime="image/jpeg"/></rdf:li></rdf:Seq></C:Directory>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def test_a_video_behind_the_picture_is_left_out_with_a_note(tmp_path: Path) -> None:
    said_of_it = packet(
        'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"',
        'GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="40" GCamera:SpecialTypeID="x"',
        "<GCamera:MicroVideo>1</GCamera:MicroVideo>",
    )
    film = b"\0\0\0\x18ftypmp42" + bytes(40)
    image = read(saved(Pillow.fromarray(PIXELS), "JPEG", xmp=said_of_it) + film)
    assert codec.losses(image, "jpg") == ("video of a motion photo left out",)
    fields = said(codec.encode_image(image, "jpg", 95), tmp_path / "a.jpg")
    assert fields["XMP-dc:Format"] == "image/jpeg"
    assert fields["XMP-GCamera:SpecialTypeID"] == "x"
    assert not [name for name in fields if "Motion" in name or "Micro" in name or "Item" in name]


def test_a_gain_map_behind_the_picture_is_left_out_with_a_note(tmp_path: Path) -> None:
    said_of_it = packet(
        'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"',
        'hdrgm:Version="1.0"',
        "<hdrgm:GainMapMax><rdf:Seq><rdf:li>1</rdf:li></rdf:Seq></hdrgm:GainMapMax>",
    )
    small = saved(Pillow.fromarray(PIXELS[::2, ::2]), "JPEG")
    image = read(saved(Pillow.fromarray(PIXELS), "JPEG", xmp=said_of_it) + small)
    assert codec.losses(image, "jpg") == ("HDR gain map left out",)
    fields = said(codec.encode_image(image, "jpg", 95), tmp_path / "a.jpg")
    assert fields["XMP-dc:Format"] == "image/jpeg"
    assert not [name for name in fields if "hdrgm" in name or "Item" in name]


def test_other_pictures_of_a_file_are_noted() -> None:
    first, second = Pillow.fromarray(PIXELS), Pillow.fromarray(PIXELS[::2, ::2])
    data = saved(first, "MPO", save_all=True, append_images=[second])
    assert codec.losses(read(data), "jpg") == ("other pictures of the file left out",)


def test_geographic_tags_are_noted() -> None:
    place = [(33550, "d", 3, (1.0, 1.0, 0.0), True)]
    data = by_tifffile(noise(9, 9, 3), photometric="rgb", extratags=place)
    assert codec.losses(read(data), "tif") == ("GeoTIFF tags left out",)


@pytest.mark.parametrize("by_index", [False, True])
def test_adobe_rgb_that_only_exif_names_is_kept_as_a_profile(by_index: bool) -> None:
    block = Pillow.Exif()
    inner = block.get_ifd(34665)
    inner[40961] = 65535 if by_index else 2
    if by_index:
        inner[40965] = {1: "R03"}
    image = read(saved(Pillow.fromarray(PIXELS), "JPEG", exif=block))
    assert codec.kept(image.metadata, "keep").icc is None
    stripped: Image = replace(image, metadata=codec.kept(image.metadata, "strip"))
    icc = open_pillow(codec.encode_image(stripped, "jpg", 95)).info["icc_profile"]
    inside = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile
    assert inside.red_colorant
    assert np.allclose(inside.red_colorant[0], (0.6097, 0.3111, 0.0195), atol=1e-3)


def test_srgb_in_exif_gets_no_profile() -> None:
    image = read(saved(Pillow.fromarray(PIXELS), "JPEG", exif=b"Exif\0\0" + camera_exif()))
    assert codec.kept(image.metadata, "strip").icc is None
