import io
from dataclasses import replace

import brotli
import numpy as np
import pytest
from PIL import ImageCms

from sr_batch import codec
from sr_batch.codec.color import h273
from sr_batch.codec.heif.isobmff import box, boxes
from sr_batch.codec.jxl import boxes as jxl_boxes
from sr_batch.codec.orientation import as_stored
from sr_batch.core.errors import ImageTooLarge, UnreadableImage, UnsupportedImage
from sr_batch.core.image import Image, Metadata
from tests.codec.jxl_files import SIGNATURE, frames, jxl_header
from tests.codec.pictures import (
    PLENTY,
    camera_exif,
    full_metadata,
    merged,
    noise,
    picture,
    read,
    smooth,
    srgb_profile,
    xmp_packet,
)
from tests.corpus.profiles import gray_profile, wide_profile

SHAPE = (37, 50, 3)


def display_p3() -> bytes:
    profile, _ = h273.of_numbers(12, 13)
    assert profile is not None
    return profile


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_keeps_every_value_at_100(channels: int, alpha: bool, depth: int) -> None:
    image = picture(channels, alpha, depth)
    back = read(codec.encode_image(image, "jxl", 100))
    assert back.levels == image.levels
    assert back.is_gray == (channels == 1 and not alpha)
    assert np.array_equal(back.color, np.broadcast_to(image.color, back.color.shape))
    assert image.alpha is None or np.array_equal(merged(back)[..., 3], image.alpha)


@pytest.mark.parametrize("depth", [8, 16])
def test_writes_near_what_it_was_given(depth: int) -> None:
    color = smooth(64, 48, 3).astype(np.uint16) * 257 if depth == 16 else smooth(64, 48, 3)
    image = Image(color, noise(64, 48, depth=depth))
    back = read(codec.encode_image(image, "jxl", 95))
    assert np.abs(back.color.astype(int) - color).max() < 0.03 * image.levels
    assert codec.losses(image, "jxl") == ()


def test_quality_changes_size_and_error() -> None:
    image = Image(noise(64, 64, 3))
    sizes = [len(codec.encode_image(image, "jxl", quality)) for quality in (1, 50, 95, 100)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("turn", range(1, 9))
def test_follows_the_orientation_of_the_codestream_not_of_exif(turn: int) -> None:
    codestream = jxl_header(50, 37, orientation=turn) + frames(smooth(*SHAPE))
    metadata = box(b"Exif", bytes(4) + camera_exif(3)) + box(b"xml ", xmp_packet(3))
    image = read(SIGNATURE + metadata + box(b"jxlc", codestream))
    stored = as_stored(image.color, turn).astype(int)
    assert np.abs(stored - read(codestream_of(SHAPE)).color).max() <= 2  # its dither turns, too
    assert codec.read_header(codestream, "a", PLENTY).size == image.size
    block = image.metadata.exif or b""
    assert read(codec.encode_image(image, "jpg", 95)).size == image.size
    assert len(block) == len(camera_exif(3))
    assert block != camera_exif(3)
    assert b'tiff:Orientation="1"' in (image.metadata.xmp or b"")


def codestream_of(shape: tuple[int, int, int]) -> bytes:
    return jxl_header(shape[1], shape[0]) + frames(smooth(*shape))


@pytest.mark.parametrize(("bits", "levels"), [(5, 255), (8, 255), (10, 65535), (16, 65535)])
def test_takes_the_depth_that_holds_all_values(bits: int, levels: int) -> None:
    image = read(jxl_header(50, 37, bits=bits) + frames(smooth(*SHAPE)))
    assert image.levels == levels
    expected = read(codestream_of(SHAPE)).color / 255
    assert np.abs(image.color / levels - expected).max() < 1 / 2**bits + 1 / 255


def test_says_that_it_reads_floating_point_as_16_bit() -> None:
    image = read(jxl_header(50, 37, bits=32, floating=True) + frames(smooth(*SHAPE)))
    assert codec.losses(image, "png") == ("floating point read as 16 bit",)
    assert np.abs(image.color / 257 - read(codestream_of(SHAPE)).color).max() < 2


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (jxl_header(50, 37, animated=True), "an animated JPEG XL"),
        (jxl_header(50, 37, curve=16), r"an HDR picture \(PQ\)"),
        (jxl_header(50, 37, curve=18), r"an HDR picture \(HLG\)"),
        (jxl_header(50, 37, extra=(4,)), "channels besides color"),
        (jxl_header(50, 37, extra=(0, 0)), "channels besides color"),
    ],
)
def test_refuses_unsupported_pictures_by_their_header(header: bytes, what: str) -> None:
    with pytest.raises(UnsupportedImage, match=f"^a: .*{what}"):
        codec.read_header(header + frames(smooth(*SHAPE)), "a", PLENTY)


def test_reads_sides_of_every_length() -> None:
    for width, height in ((1, 512), (513, 8192), (8193, 7), (262_144, 262_145)):
        size = codec.read_header(jxl_header(width, height), "a", 10**12).size
        assert (size.width, size.height) == (width, height)


def test_reads_sizes_in_their_short_form() -> None:
    for height, width in ((48, 64), (64, 96), (90, 160), (40, 40), (41, 82), (50, 60)):
        data = codec.encode_image(Image(smooth(height, width, 3)), "jxl", 95)
        size = codec.read_header(data, "a", PLENTY).size
        assert (size.width, size.height) == (width, height)


def test_finds_the_picture_in_pieces() -> None:
    whole = codestream_of(SHAPE)
    pieces = (whole[:3], whole[3:90], whole[90:])
    parts = [box(b"jxlp", bytes((0, 0, 0, i)) + piece) for i, piece in enumerate(pieces[:2])]
    last = box(b"jxlp", b"\x80\0\0\2" + pieces[2])
    data = SIGNATURE + b"".join(parts) + box(b"xml ", xmp_packet()) + last
    assert np.array_equal(read(data).color, read(whole).color)
    assert read(data).metadata.xmp == xmp_packet()


def test_unpacks_metadata() -> None:
    packed = [
        box(b"brob", b"Exif" + brotli.compress(bytes(4) + camera_exif())),
        box(b"brob", b"xml " + brotli.compress(xmp_packet())),
    ]
    data = SIGNATURE + b"".join(packed) + box(b"jxlc", codestream_of(SHAPE))
    assert read(data).metadata.exif == camera_exif()
    assert read(data).metadata.xmp == xmp_packet()


@pytest.mark.parametrize("packed", [b"", b"no brotli", brotli.compress(bytes(1 << 20))])
def test_damaged_or_endless_metadata_is_left_out_alone(
    packed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jxl_boxes, "_MOST_METADATA", 1 << 10)
    data = SIGNATURE + box(b"brob", b"xml " + packed) + box(b"jxlc", codestream_of(SHAPE))
    assert read(data).metadata.xmp is None


def test_keeps_metadata_unchanged() -> None:
    image = Image(noise(13, 17, 3), None, full_metadata())
    back = read(codec.encode_image(image, "jxl", 95)).metadata
    assert (back.exif, back.xmp) == (image.metadata.exif, image.metadata.xmp)
    assert codec.losses(image, "jxl") == ("IPTC left out",)


def test_a_picture_without_metadata_is_a_bare_codestream() -> None:
    assert codec.encode_image(Image(noise(8, 8, 3)), "jxl", 95).startswith(b"\xff\x0a")


def test_metadata_comes_before_the_picture() -> None:
    image = replace(picture(3, True, 16), metadata=full_metadata())
    data = codec.encode_image(image, "jxl", 100)  # 16 bit of alpha: already in a file of boxes
    kinds = [each.kind for each in boxes(data, 0, len(data))]
    assert kinds == [b"JXL ", b"ftyp", b"jxll", b"Exif", b"xml ", b"jxlc"]
    assert np.array_equal(read(data).color, image.color)


def test_wide_colours_stay_wide() -> None:
    """The pixels and the profile that comes back show what was given, to another program."""
    image = Image(smooth(48, 60, 3), None, Metadata(icc=display_p3()))
    assert read(codec.encode_image(image, "jxl", 100)).metadata.icc == display_p3()
    back = read(codec.encode_image(image, "jxl", 95))
    assert back.metadata.icc is not None
    assert np.abs(in_lab(back) - in_lab(image)).mean() < 1.5


def in_lab(image: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    from PIL import Image as Pillow

    profile = ImageCms.ImageCmsProfile(io.BytesIO(image.metadata.icc or b""))
    lab = ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransform(profile, lab, "RGB", "LAB")
    shown = transform.apply(Pillow.fromarray(image.color))
    planes = np.asarray(shown).astype(np.float32)
    planes[..., 1:] = (planes[..., 1:] + 128) % 256  # they are signed
    return planes


def test_srgb_needs_no_profile() -> None:
    image = Image(smooth(16, 16, 3), None, Metadata(icc=srgb_profile()))
    assert read(codec.encode_image(image, "jxl", 95)).metadata.icc is None


def test_gray_with_an_rgb_profile_becomes_rgb() -> None:
    image = Image(smooth(16, 16, 1), None, Metadata(icc=display_p3()))
    back = read(codec.encode_image(image, "jxl", 100))
    assert back.metadata.icc == display_p3()
    assert np.array_equal(back.color, np.repeat(image.color, 3, axis=2))


def test_keeps_values_that_the_encoder_would_make_linear() -> None:
    """As it does with every profile of gray; one of common colours keeps its curve, with loss."""
    gray = Image(smooth(40, 30, 1), None, Metadata(icc=gray_profile()))
    back = read(codec.encode_image(gray, "jxl", 90))
    assert np.array_equal(back.color, gray.color)
    assert back.metadata.icc == gray_profile()
    wide = Image(smooth(40, 30, 3), None, Metadata(icc=wide_profile()))
    back = read(codec.encode_image(wide, "jxl", 90))
    assert 0 < np.abs(back.color.astype(int) - wide.color).max() < 12


def test_leaves_out_an_invalid_profile() -> None:
    image = Image(smooth(16, 16, 3), None, Metadata(icc=b"junk" * 99))
    assert codec.losses(image, "jxl") == ("ICC profile left out",)
    assert read(codec.encode_image(image, "jxl", 95)).metadata.icc is None


def test_refuses_bombs_by_their_header() -> None:
    for head in (b"", SIGNATURE):
        codestream = jxl_header(1 << 30, 1 << 30)
        data = head + box(b"jxlc", codestream) if head else codestream
        with pytest.raises(ImageTooLarge, match=r"^a: 1073741824x1073741824 "):
            codec.read_image(data, "a", 178_956_970)


@pytest.mark.parametrize("kept", [0.01, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("quality", [95, 100])
def test_a_truncated_picture_is_an_error(quality: int, kept: float) -> None:
    data = codec.encode_image(Image(noise(40, 40, 3)), "jxl", quality)
    with pytest.raises(UnreadableImage, match=r"^a\.jxl: truncated or damaged jxl"):
        codec.read_image(data[: int(len(data) * kept)], "a.jxl", PLENTY)


def test_a_picture_of_another_size_than_its_header_is_an_error() -> None:
    data = SIGNATURE + box(b"jxlc", b"\xff\x0a")
    with pytest.raises(UnreadableImage, match=r"^a: truncated or damaged jxl \(header\)$"):
        codec.read_header(data, "a", PLENTY)
    with pytest.raises(UnreadableImage, match=r"^a: truncated or damaged jxl \(no codestream\)$"):
        codec.read_header(SIGNATURE, "a", PLENTY)
