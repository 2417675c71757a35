import functools
import io
from dataclasses import replace

import numpy as np
import pillow_heif
import pytest

from sr_batch import codec
from sr_batch.core.errors import ImageTooLarge, UnreadableImage, UnsupportedImage, UnwritableOutput
from sr_batch.core.image import Image, Metadata, Pixels
from tests.codec.heif_files import Part, coded, grid, heif_file, ispe, nclx
from tests.codec.pictures import (
    GPS,
    PLENTY,
    camera_exif,
    full_metadata,
    merged,
    noise,
    open_pillow,
    picture,
    read,
    smooth,
    srgb_profile,
    xmp_packet,
)

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def heic(pixels: Pixels, bits: int = 8) -> bytes:
    """What pillow-heif makes of (H, W, C) pixels, colour at full resolution."""
    out = io.BytesIO()
    height, width, samples = pixels.shape
    mode = MODES[samples] + (f";{bits}" if bits > 8 else "")
    pillow_heif.encode(mode, (width, height), pixels.tobytes(), out, quality=95, chroma=444)
    return out.getvalue()


def spread(pixels: Pixels, depth: int) -> Pixels:
    return pixels if depth == 8 else pixels.astype(np.uint16) * np.uint16(257)


@functools.cache
def still() -> Part:
    """A picture of 128x64 pixels; smaller ones are padded and cropped by their encoder."""
    return coded(heic(smooth(64, 128, 3)))


def with_properties(*properties: tuple[bytes, bytes]) -> bytes:
    part = still()
    bare = tuple(prop for prop in part.properties if prop[0] != b"colr")
    return heif_file(b"heic", [replace(part, properties=bare + properties)])


@pytest.mark.parametrize("samples", [1, 3, 4])
def test_reads_the_same_pixels_as_pillow(samples: int) -> None:
    data = heic(smooth(41, 50, samples))
    image = read(data)
    assert (image.is_gray, image.alpha is not None) == (samples == 1, samples == 4)
    assert np.array_equal(merged(image).squeeze(), np.asarray(open_pillow(data)))
    assert codec.read_header(data, "a", PLENTY).size == image.size


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("samples", [3, 4])
def test_keeps_more_than_8_bit(samples: int, bits: int) -> None:
    last = 2**bits - 1
    ramp = np.linspace(0, last, 64 * 64).astype(np.uint16).reshape(64, 64, 1)
    data = heic(np.repeat(ramp, samples, axis=2), bits)
    opened = pillow_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    stored = np.asarray(opened)
    assert stored.max() > last - 16
    assert np.array_equal(merged(read(data)), np.rint(stored / last * 65535))


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("mirror", [None, 0, 1])
def test_follows_the_orientation_of_the_properties_not_of_exif(
    mirror: int | None, quarters: int
) -> None:
    item = Part(b"Exif", bytes(4) + camera_exif(6), references=((b"cdsc", (1,)),))
    turns = [(b"irot", bytes((quarters,)))]
    turns += [] if mirror is None else [(b"imir", bytes((mirror,)))]
    part = still()
    data = heif_file(b"heic", [replace(part, properties=(*part.properties, *turns)), item])
    expected = np.rot90(read(with_properties()).color, quarters)
    expected = {None: expected, 0: expected[::-1], 1: expected[:, ::-1]}[mirror]
    image = read(data)
    assert np.array_equal(image.color, expected)
    assert codec.read_header(data, "a", PLENTY).size == image.size
    assert open_pillow(codec.encode_image(image, "jpg", 95)).getexif()[274] == 1


def test_reads_a_phones_picture() -> None:
    """A grid of tiles, turned, with a profile, EXIF that says so again, and a gain map."""
    tiles = [coded(heic(np.roll(smooth(64, 64, 3), shift, 0))) for shift in (0, 9)]
    gain = coded(heic(smooth(32, 64, 1)))
    kind = bytes(4) + b"urn:com:apple:photo:2020:aux:hdrgainmap\0"
    parts = [
        Part(
            b"grid",
            grid(1, 2, 128, 64),
            (ispe(128, 64), (b"colr", b"prof" + srgb_profile()), (b"irot", b"\3")),
            ((b"dimg", (2, 3)),),
        ),
        *tiles,
        Part(b"Exif", bytes(4) + camera_exif(6), references=((b"cdsc", (1,)),)),
        Part(b"mime", xmp_packet(6), (), ((b"cdsc", (1,)),), b"application/rdf+xml"),
        replace(
            gain,
            properties=(*gain.properties, (b"auxC", kind)),
            references=((b"auxl", (1,)),),
        ),
    ]
    image = read(heif_file(b"heic", parts))
    whole = np.concatenate([np.roll(smooth(64, 64, 3), shift, 0) for shift in (0, 9)], axis=1)
    assert np.abs(image.color.astype(int) - np.rot90(whole, 3)).max() < 16
    assert image.metadata.icc == srgb_profile()
    assert image.metadata.note == "HDR gain map left out"
    assert image.metadata.dpi is None
    assert b'tiff:Orientation="1"' in (image.metadata.xmp or b"")
    block = open_pillow(codec.encode_image(image, "jpg", 95)).getexif()
    assert (block[271], block[274]) == ("Maker", 1)
    assert block.get_ifd(34853) == GPS


def test_takes_the_primary_picture_of_a_burst() -> None:
    others = [coded(heic(smooth(*shape, 3))) for shape in ((64, 64), (128, 64))]
    data = heif_file(b"heic", [others[0], still(), others[1]], primary=2)
    assert np.array_equal(read(data).color, read(with_properties()).color)


def test_numbers_of_wide_colours_become_a_profile() -> None:
    icc = read(with_properties(nclx(12, 13))).metadata.icc
    assert icc is not None
    assert b"H.273 12/13" in icc
    with pytest.raises(UnsupportedImage, match=r"^a: an HDR picture \(HLG\)"):
        codec.read_header(with_properties(nclx(9, 18)), "a", PLENTY)


def test_refuses_bombs_by_their_header() -> None:
    with pytest.raises(ImageTooLarge, match=r"^a: 60000x60000 "):
        codec.read_image(
            heif_file(b"heic", [Part(b"hvc1", b"", (ispe(60000, 60000),))]), "a", 178_956_970
        )


@pytest.mark.parametrize(("channels", "alpha"), [(1, False), (1, True), (3, False), (3, True)])
@pytest.mark.parametrize("depth", [8, 16])
def test_writes_near_what_it_was_given(depth: int, channels: int, alpha: bool) -> None:
    scale = 257 if depth == 16 else 1
    color, plane = (spread(smooth(64, 48, *more), depth) for more in ((channels,), ()))
    image = Image(color, plane if alpha else None)
    data = codec.encode_image(image, "heic", 95)
    back = read(data)
    assert back.levels == image.levels
    assert back.is_gray == (channels == 1 and not alpha)
    assert np.abs(back.color.astype(int) - image.color).max() < 20 * scale
    assert image.alpha is None or (
        np.abs(merged(back)[..., 3].astype(int) - image.alpha).max() < 20 * scale
    )
    assert codec.losses(image, "heic") == (
        ("16-bit samples rounded to 10 bits",) if depth == 16 else ()
    )
    assert open_pillow(data).size == (48, 64)


def test_quality_changes_size_and_error() -> None:
    image = Image(noise(64, 64, 3))
    sizes = [len(codec.encode_image(image, "heic", quality)) for quality in (10, 50, 95)]
    assert sizes == sorted(set(sizes))


def test_keeps_metadata_as_it_is() -> None:
    image = Image(noise(13, 17, 3), None, full_metadata())
    data = codec.encode_image(image, "heic", 95)
    back = read(data).metadata
    assert back.exif == image.metadata.exif
    assert (back.icc, back.xmp) == (srgb_profile(), xmp_packet())
    assert open_pillow(data).getexif().get_ifd(34853) == GPS
    assert codec.losses(image, "heic") == ("IPTC left out",)


def test_contradicting_metadata_turns_nothing() -> None:
    """An XMP packet that says the picture is turned, with EXIF that says it is not."""
    image = Image(smooth(64, 128, 3), None, Metadata(xmp=xmp_packet(6), exif=b"junk"))
    data = codec.encode_image(image, "heic", 95)
    assert codec.read_header(data, "a", PLENTY).size == image.size
    assert read(data).metadata.exif == b"junk"


def test_leaves_out_a_gray_profile_where_alpha_makes_it_colour() -> None:
    icc = srgb_profile()[:16] + b"GRAY" + srgb_profile()[20:]
    image = replace(picture(1, True, 8), metadata=Metadata(icc=icc))
    assert read(codec.encode_image(image, "heic", 95)).metadata.icc is None
    assert codec.losses(image, "heic") == ("ICC profile left out",)


def test_reports_what_the_encoder_refuses() -> None:
    strip = Image(np.zeros((16, 8192, 3), np.uint8))
    with pytest.raises(UnwritableOutput, match=r"^the output cannot be encoded as HEIC \("):
        codec.encode_image(strip, "heic", 95)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.97])
def test_a_truncated_picture_is_an_error(kept: float) -> None:
    data = heic(noise(40, 40, 3))
    with pytest.raises(UnreadableImage, match="truncated or damaged heic"):
        codec.read_image(data[: int(len(data) * kept)], "a.heic", PLENTY)
