"""Metadata that is not read is named in a note, in every format; comments of GIFs are kept."""

import io
import os
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from sr_batch import codec
from sr_batch.codec.heif.isobmff import box
from sr_batch.codec.metadata import photoshop
from sr_batch.codec.webp import riff
from tests.codec.heif_files import Part, coded, heif_file
from tests.codec.metadata.test_texts_and_colors import PIXELS, png, raw, said
from tests.codec.pictures import (
    IPTC_RECORD,
    by_tifffile,
    camera_exif,
    noise,
    open_pillow,
    read,
    saved,
    smooth,
    srgb_profile,
    xmp_packet,
)

PICTURE = Pillow.fromarray(PIXELS)
MANIFEST = bytes(4) + b"jumb" + bytes(4) + b"jumd" + b"c2pa" + bytes(12) + b"\3c2pa\0"
UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
CREDENTIALS = "content credentials (C2PA), which are valid for the original only"


def jpeg(number: int, content: bytes) -> bytes:
    data = saved(PICTURE, "JPEG")
    segment = struct.pack(">BBH", 0xFF, 0xE0 + number, len(content) + 2) + content
    return data[:2] + segment + data[2:]


def webp(name: bytes, content: bytes) -> bytes:
    body = saved(PICTURE, "WEBP", exif=b"Exif\0\0" + camera_exif())[12:]
    return riff.file(body, riff.chunk(name, content))


def gif(extension: bytes) -> bytes:
    data = saved(PICTURE, "GIF")
    assert data.endswith(b";")
    return data[:-1] + extension + b";"


def jxl(*boxes: bytes) -> bytes:
    start = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    stream = codec.encode_image(read(saved(PICTURE, "PNG")), "jxl", 100)
    assert stream.startswith(b"\xff\x0a")
    return start + b"".join(boxes) + box(b"jxlc", stream)


def avif(*parts: Part) -> bytes:
    return heif_file(b"avif", [coded(saved(PICTURE, "AVIF")), *parts])


def tiff(tag: int) -> bytes:
    return by_tifffile(noise(9, 9, 3), photometric="rgb", extratags=[(tag, "s", 0, "x", True)])


LEFT_OUT: dict[str, tuple[Callable[[], bytes], str]] = {
    "jpg-c2pa": (lambda: jpeg(11, b"JP\0\1\0\0\0\1" + MANIFEST), CREDENTIALS),
    "jpg-jumbf": (lambda: jpeg(11, b"JP\0\1\0\0\0\1" + bytes(4) + b"jumb"), "APP11 JUMBF"),
    "jpg-named": (lambda: jpeg(4, b"SCALADO\0\1\2"), "APP4 SCALADO"),
    "jpg-flashpix": (lambda: jpeg(2, b"FPXR\0\0"), "APP2 FPXR"),
    "jpg-unnamed": (lambda: jpeg(10, b"\1\2\3"), "APP10"),
    "jpg-behind": (lambda: saved(PICTURE, "JPEG") + b"SEFT", "4 bytes behind the picture"),
    "jpg-photoshop": (
        lambda: jpeg(13, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\x10abc"),
        "damaged resources of Photoshop",
    ),
    "png-c2pa": (lambda: png((b"caBX", MANIFEST)), CREDENTIALS),
    "png-chunks": (lambda: png((b"oFFs", bytes(9)), (b"abCd", b"x")), "oFFs, abCd"),
    "png-behind": (lambda: png() + b"PK more", "7 bytes behind the picture"),
    "gif-c2pa": (lambda: gif(b"!\xff\x0bC2PA_GIF\1\0\0\1x\0"), CREDENTIALS),
    "gif-unknown": (lambda: gif(b"!\xff\x0bMAGPIE\0\0\0\0\0\1x\0"), "extension MAGPIE"),
    "gif-text": (lambda: gif(b"!\1\x0c" + bytes(12) + b"\1x\0"), "a plain text extension"),
    "gif-label": (lambda: gif(b"!\x77\1x\0"), "extension 0x77"),
    "gif-xmp": (lambda: gif(b"!\xff\x0bXMP DataXMP\5hello\0"), "damaged XMP"),
    "gif-many": (lambda: gif(b"!\xfe\1x\0" * 1001), "further comments"),
    "gif-behind": (lambda: gif(b"") + b"junk", "4 bytes behind the picture"),
    "webp-c2pa": (lambda: webp(b"C2PA", MANIFEST), CREDENTIALS),
    "webp-unknown": (lambda: webp(b"note", b"x"), "chunk note"),
    "webp-behind": (lambda: saved(PICTURE, "WEBP") + b"junk", "4 bytes behind the picture"),
    "tif-c2pa": (lambda: tiff(52545), CREDENTIALS),
    "tif-layers": (lambda: tiff(37724), "layers of Photoshop"),
    "tif-private": (lambda: tiff(65000), "tag 65000"),
    "avif-c2pa": (lambda: avif() + box(b"uuid", UUID + MANIFEST), CREDENTIALS),
    "avif-uuid": (lambda: avif() + box(b"uuid", bytes(20)), "uuid " + "00" * 16),
    "avif-box": (lambda: avif() + box(b"abcd", b"x"), "box abcd"),
    "avif-item": (lambda: avif(Part(b"mime", b"{}", mime=b"text/json")), "item text/json"),
    "avif-uri": (lambda: avif(Part(b"uri ", b"x")), "item uri"),
    "jxl-c2pa": (lambda: jxl(box(b"jumb", MANIFEST)), CREDENTIALS),
    "jxl-box": (lambda: jxl(box(b"abcd", b"x")), "box abcd"),
    "jxl-damaged": (lambda: jxl(box(b"brob", b"xml junk")), "damaged or further box xml"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_not_read_is_named(name: str) -> None:
    make, what = LEFT_OUT[name]
    image = read(make())
    assert codec.losses(image, "png") == (f"metadata left out ({what})",)
    assert codec.losses(replace(image, metadata=codec.kept(image.metadata, "strip")), "png") == ()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP"])
def test_files_without_other_metadata_get_no_note(kind: str) -> None:
    assert codec.losses(read(saved(PICTURE, kind, dpi=(300, 300))), "png") == ()


def test_other_pictures_and_videos_of_a_heif_are_noted() -> None:
    data = avif(coded(saved(Pillow.fromarray(smooth(20, 30, 3)), "AVIF")))
    assert codec.losses(read(data), "png") == ("other pictures of the file left out",)
    thumbnail = replace(coded(saved(PICTURE, "AVIF")), references=((b"thmb", (1,)),))
    assert codec.losses(read(avif(thumbnail)), "png") == ()
    film = avif() + box(b"mpvd", b"ftyp")
    assert codec.losses(read(film), "png") == ("video of a motion photo left out",)


def test_a_gain_map_of_a_jpeg_xl_is_noted() -> None:
    assert codec.losses(read(jxl(box(b"jhgm", b"x"))), "png") == ("HDR gain map left out",)


def test_many_names_are_counted() -> None:
    image = read(png(*((b"aa%cd" % letter, b"") for letter in range(65, 85))))
    (note,) = codec.losses(image, "png")
    assert note.endswith("aaLd, 8 more)")


def test_a_profile_with_a_missing_part_is_noted() -> None:
    data = jpeg(2, b"ICC_PROFILE\0\1\2" + srgb_profile())
    assert codec.losses(read(data), "png") == ("a damaged ICC profile left out",)


@pytest.mark.parametrize("comment", [b"Summer 1962", "Sömmer".encode(), b"x" * 700])
def test_comments_of_a_gif_are_kept(comment: bytes, tmp_path: Path) -> None:
    image = read(saved(PICTURE, "GIF", comment=comment))
    written = codec.encode_image(image, "gif", 95)
    assert open_pillow(written).info["comment"] == comment
    assert said(written, tmp_path / "a.gif")["File:Comment"] == comment.decode()
    assert open_pillow(codec.encode_image(image, "jpg", 95)).info["comment"] == comment
    assert codec.losses(image, "webp") == ("texts left out (Comment)",)


def test_comments_of_an_animation_are_kept() -> None:
    frames = [Pillow.fromarray(np.roll(PIXELS, n, 0)) for n in range(3)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], comment=b"hello")
    pages = list(codec.read_pages(data, "a.gif", 10**6))
    written = codec.encode_pages(pages, "gif", 95)
    assert open_pillow(written).info["comment"] == b"hello"


def test_profiles_go_where_imagemagick_6_found_them(tmp_path: Path) -> None:
    data = png(
        (b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(raw("xmp", xmp_packet()))),
        (b"tEXt", b"Raw profile type exif\0" + raw("exif", b"Exif\0\0" + camera_exif())),
        (b"tEXt", b"Raw profile type 8bim\0" + raw("8bim", b"8BIM\4\xd2\0\0\0\0\0\1x\0")),
        (b"tEXt", b"Raw profile type iptc\0" + raw("iptc", IPTC_RECORD)),
    )
    image = read(data)
    assert codec.losses(image, "png") == ()
    written = codec.encode_image(image, "png", 95)
    text = open_pillow(written).text  # type: ignore[attr-defined]
    stored = {
        kind: bytes.fromhex("".join(text[f"Raw profile type {kind}"].split("\n")[3:]))
        for kind in ("xmp", "exif")
    }
    assert b"A cat" in stored["xmp"]
    assert stored["xmp"] == text["XML:com.adobe.xmp"].encode()
    assert b"Maker" in stored["exif"]
    assert b"eXIf" + stored["exif"].removeprefix(b"Exif\0\0") in written
    assert b"\x04\xd2" in (image.metadata.photoshop or b"")
    assert IPTC_RECORD in (image.metadata.photoshop or b"")


def test_a_profile_is_not_stored_twice_without_need() -> None:
    image = read(saved(PICTURE, "JPEG", xmp=xmp_packet()))
    text = open_pillow(codec.encode_image(image, "png", 95)).text  # type: ignore[attr-defined]
    assert list(text) == ["XML:com.adobe.xmp"]


def test_profiles_of_unknown_kinds_stay_texts_and_damaged_ones_are_noted() -> None:
    image = read(png((b"tEXt", b"Raw profile type abc\0" + raw("abc", b"x"))))
    text = open_pillow(codec.encode_image(image, "png", 95)).text  # type: ignore[attr-defined]
    assert text["Raw profile type abc"] == raw("abc", b"x").decode()
    damaged = read(png((b"tEXt", b"Raw profile type xmp\0\nxmp\n 9\nzz")))
    assert codec.losses(damaged, "png") == ("a damaged or very long text left out",)


def test_copies_of_exif_among_the_texts_are_not_missed() -> None:
    chunks = [(b"tEXt", b"exif:Artist\0Me"), (b"tEXt", b"comment\0hello")]
    with_exif = read(png((b"eXIf", camera_exif()), *chunks))
    assert codec.losses(with_exif, "jpg") == ()
    assert open_pillow(codec.encode_image(with_exif, "jpg", 95)).info["comment"] == b"hello"
    assert codec.losses(read(png(*chunks)), "jpg") == ("texts left out (exif:Artist)",)


def test_primaries_of_a_tiff_become_a_profile() -> None:
    white, adobe = (0.3127, 0.329), (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
    tags = [
        (tag, "2I", len(values), tuple(n for v in values for n in (round(v * 10000), 10000)), True)
        for tag, values in ((318, white), (319, adobe))
    ]
    image = read(by_tifffile(PIXELS, photometric="rgb", extratags=tags))
    inside = ImageCms.ImageCmsProfile(io.BytesIO(image.metadata.icc or b"")).profile
    assert inside.red_colorant
    assert np.allclose(inside.red_colorant[0], (0.6097, 0.3111, 0.0195), atol=1e-3)
    like_srgb = [tags[0], (319, "2I", 6, (64, 100, 33, 100, 3, 10, 6, 10, 15, 100, 6, 100), True)]
    data = by_tifffile(PIXELS, photometric="rgb", extratags=like_srgb)
    assert (read(data).metadata.icc, read(data).metadata.note) == (None, None)


def test_the_profile_in_a_bmp_is_kept() -> None:
    data = saved(PICTURE, "BMP")
    head, pixels = data[:54], data[54:]
    start = 14 + 124
    fields = struct.pack("<I", 124) + head[18:54] + bytes(16) + b"DEBM" + bytes(36 + 12 + 4)
    profile = srgb_profile()
    fields += struct.pack("<III", 124 + len(pixels), len(profile), 0)
    file = head[:2] + struct.pack("<IHHI", 0, 0, 0, start) + fields + pixels + profile
    assert np.array_equal(np.asarray(open_pillow(file)), PIXELS)
    assert read(file).metadata.icc == profile
    assert codec.losses(read(file), "bmp") == ("ICC profile left out",)


def test_imagemagick_reads_title_and_caption_from_what_it_sent(tmp_path: Path) -> None:
    """A pipe from ImageMagick and back keeps both, in version 6 too."""
    found = shutil.which("convert")
    if found is None:
        assert not os.environ.get("CI"), "ImageMagick is missing"
        pytest.skip("ImageMagick is not installed")
    made = saved(PICTURE, "JPEG", xmp=xmp_packet())
    resources = photoshop.of_iptc(IPTC_RECORD)
    segment = b"Photoshop 3.0\0" + resources
    made = made[:2] + struct.pack(">BBH", 0xFF, 0xED, len(segment) + 2) + segment + made[2:]

    def convert(data: bytes, *ends: str) -> bytes:
        return subprocess.run([found, *ends], input=data, capture_output=True, check=True).stdout

    sent = convert(made, "jpg:-", "png:-")
    back = convert(codec.encode_image(read(sent), "png", 95), "png:-", "jpg:-")
    fields = said(back, tmp_path / "a.jpg")
    assert fields["XMP-dc:Title"] == "A cat"
    assert fields["IPTC:Caption-Abstract"] == "A cat"
