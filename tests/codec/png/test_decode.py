import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import PngImagePlugin

from sr_batch import codec
from sr_batch.codec.metadata import photoshop
from sr_batch.core.errors import UnreadableImage
from tests.codec.pictures import (
    IPTC_RECORD,
    PLENTY,
    camera_exif,
    merged,
    noise,
    open_pillow,
    png_chunk,
    png_file,
    read,
    saved,
    srgb_profile,
    unfiltered,
)

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
ADAM7 += [(0, 1, 1, 2)]
KINDS = {1: 0, 2: 4, 3: 2, 4: 6}


@pytest.mark.parametrize("samples", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [8, 16])
def test_reads_every_sample_exactly(depth: int, samples: int) -> None:
    pixels = noise(9, 11, samples, depth=depth)
    data = png_file(11, 9, depth, KINDS[samples], unfiltered(pixels))
    image = read(data)
    assert image.is_gray == (samples < 3)
    assert image.color.dtype == pixels.dtype
    assert np.array_equal(merged(image), pixels)


@pytest.mark.parametrize("samples", [3, 4])
def test_reads_sixteen_bit_of_opencv(samples: int) -> None:
    pixels = noise(9, 11, samples, depth=16)
    image = read(cv2.imencode(".png", pixels)[1].tobytes())
    assert np.array_equal(image.color, pixels[..., 2::-1])


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_spreads_few_levels_over_the_range(bits: int) -> None:
    levels = 2**bits
    packed = bytes((0b00011011, 0b11100100))
    image = read(png_file(16 // bits, 1, bits, 0, b"\0" + packed))
    values = np.unpackbits(np.frombuffer(packed, np.uint8)).reshape(-1, bits)
    expected = values @ (1 << np.arange(bits)[::-1]) * (255 // (levels - 1))
    assert image.color.ravel().tolist() == expected.tolist()


@pytest.mark.parametrize("transparent", [None, [0, 128, 255]])
def test_expands_the_palette(transparent: list[int] | None) -> None:
    palette = noise(4, 3)
    extra = [(b"PLTE", palette.tobytes())]
    if transparent:
        extra.append((b"tRNS", bytes(transparent)))
    image = read(png_file(4, 1, 8, 3, b"\0\0\1\2\3", *extra))
    assert np.array_equal(image.color[0], palette)
    alpha = None if image.alpha is None else image.alpha[0].tolist()
    assert alpha == (None if transparent is None else [*transparent, 255])


def test_a_header_that_is_not_the_first_chunk_is_an_error() -> None:
    good = png_file(1, 1, 8, 0, bytes(2))
    with pytest.raises(UnreadableImage, match="no header"):
        codec.read_header(good[:8] + png_chunk(b"tEXt", b"A\0a") + good[8:], "a.png", PLENTY)


def test_a_missing_palette_is_an_error() -> None:
    """Pillow would make up a gray one."""
    with pytest.raises(UnreadableImage, match="it has no palette"):
        codec.read_header(png_file(4, 1, 8, 3, b"\0\0\1\2\3"), "a.png", PLENTY)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("opaque", [0, 1])
def test_palettes_of_few_colours_have_alpha_too(opaque: int, bits: int) -> None:
    """The last ``opaque`` colours have no entry in tRNS."""
    picture = Pillow.fromarray(noise(9, 13, 3)).quantize(2**bits)
    transparent = noise(2**bits - opaque).tobytes()
    data = saved(picture, "PNG", bits=bits, transparency=transparent)
    assert data[24] == bits
    assert np.array_equal(merged(read(data)), np.asarray(open_pillow(data).convert("RGBA")))


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("depth", [8, 16])
def test_turns_the_transparent_colour_into_alpha(depth: int, samples: int) -> None:
    pixels = noise(2, 3, samples, depth=depth)
    # A colour that shares all but the lowest bit of one sample is not the same.
    pixels[1, 1], pixels[1, 2] = pixels[0, 1], pixels[0, 1]
    pixels[1, 2, -1] ^= 1
    key = pixels[0, 1].astype(">u2").tobytes()
    image = read(png_file(3, 2, depth, KINDS[samples], unfiltered(pixels), (b"tRNS", key)))
    assert np.array_equal(image.color, pixels)
    assert image.alpha is not None
    limit = 2**depth - 1
    assert image.alpha.tolist() == [[limit, 0, limit], [limit, 0, limit]]


def test_turns_the_transparent_level_of_few_into_alpha() -> None:
    image = read(png_file(4, 1, 2, 0, b"\0\x1b", (b"tRNS", b"\0\2")))
    assert image.color.ravel().tolist() == [0, 85, 170, 255]
    assert image.alpha is not None
    assert image.alpha.ravel().tolist() == [255, 255, 0, 255]


@pytest.mark.parametrize("depth", [8, 16])
def test_reads_metadata(depth: int) -> None:
    extra = [
        (b"iCCP", b"some name\0\0" + zlib.compress(srgb_profile())),
        (b"pHYs", struct.pack(">IIB", 11811, 5906, 1)),
        (b"eXIf", camera_exif()),
    ]
    metadata = read(png_file(1, 1, depth, 0, bytes(1 + depth // 8), *extra)).metadata
    assert metadata.icc == srgb_profile()
    assert metadata.exif == camera_exif()
    assert metadata.dpi == pytest.approx((300, 150), abs=0.02)


def test_reads_exif_from_imagemagick() -> None:
    block = b"Exif\0\0" + camera_exif(6)
    text = f"\nexif\n{len(block):8}\n" + "\n".join(
        block.hex()[at : at + 72] for at in range(0, 2 * len(block), 72)
    )
    for keyword in ("Raw profile type exif", "Raw profile type APP1"):
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", "first", zip=True)
        info.add_text(keyword, text, zip=True)
        data = saved(Pillow.fromarray(noise(2, 3, 3)), "PNG", pnginfo=info)
        image = read(data)
        assert image.color.shape == (3, 2, 3)
        assert image.metadata.exif is not None


@pytest.mark.parametrize("profile", [IPTC_RECORD, photoshop.of_iptc(IPTC_RECORD)])
def test_reads_iptc_alone_and_among_the_resources_of_photoshop(profile: bytes) -> None:
    text = b"\niptc\n%8d\n%s\n" % (len(profile), profile.hex().encode())
    extra = (b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(text))
    metadata = read(png_file(1, 1, 8, 0, bytes(2), extra)).metadata
    assert photoshop.iptc(metadata.photoshop) == IPTC_RECORD


@pytest.mark.parametrize(
    "extra",
    [
        (b"iCCP", b"name\0\0not deflated"),
        (b"iCCP", b""),
        (b"pHYs", b"123"),
        (b"pHYs", bytes(9)),
        (b"eXIf", b"nonsense"),
        (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\n\n\nxyz")),
        (b"zTXt", b"Raw profile type exif"),
        (b"tEXt", b"A" * 2_000_000),
        (b"zTXt", b"Bomb\0\0" + zlib.compress(bytes(10_000_000))),
        (b"acTL", struct.pack(">II", 1, 0)),
    ],
)
def test_odd_metadata_never_fails_the_picture(extra: tuple[bytes, bytes]) -> None:
    image = read(png_file(2, 1, 8, 0, b"\0\1\2", extra))
    assert image.color.ravel().tolist() == [1, 2]
    assert image.metadata.icc is None


def test_reads_a_real_animation_of_one_frame() -> None:
    picture = Pillow.fromarray(noise(4, 5, 3))
    data = saved(picture, "PNG", save_all=True, append_images=[])
    assert np.array_equal(read(data).color, noise(4, 5, 3))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_truncated_picture_is_an_error(kept: float, depth: int) -> None:
    data = png_file(40, 40, depth, 2, unfiltered(noise(40, 40, 3, depth=depth)))
    with pytest.raises(UnreadableImage, match="truncated or damaged png"):
        codec.read_image(data[: int(len(data) * kept)], "a.png", PLENTY)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_flipped_bit_is_an_error(depth: int) -> None:
    data = bytearray(png_file(40, 40, depth, 2, unfiltered(noise(40, 40, 3, depth=depth))))
    data[len(data) // 2] ^= 4
    with pytest.raises(UnreadableImage, match="wrong checksum of IDAT"):
        codec.read_image(bytes(data), "a.png", PLENTY)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("missing", [1, 121, 2000])
def test_missing_rows_are_an_error(missing: int, depth: int) -> None:
    rows = unfiltered(noise(40, 40, 3, depth=depth))
    with pytest.raises(UnreadableImage, match="rows are missing"):
        read(png_file(40, 40, depth, 2, rows[:-missing]))


@pytest.mark.parametrize("depth", [8, 16])
def test_a_wrong_stream_under_right_checksums_is_a_silent_error(
    depth: int, capfd: pytest.CaptureFixture[str]
) -> None:
    good = png_file(40, 40, depth, 2, unfiltered(noise(40, 40, 3, depth=depth)))
    start = good.index(b"IDAT") + 4
    stream = bytearray(good[start:-16])
    stream[len(stream) // 2] ^= 4
    bad = good[: start - 8] + png_chunk(b"IDAT", bytes(stream)) + png_chunk(b"IEND", b"")
    with pytest.raises(UnreadableImage, match="truncated or damaged png"):
        read(bad)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("interlaced", [False, True])
def test_an_unknown_filter_is_a_silent_error(
    interlaced: bool, depth: int, capfd: pytest.CaptureFixture[str]
) -> None:
    plain = png_file(1, 40, depth, 0, bytes(1 + depth // 8) + b"\5" + bytes(200))
    data = plain[:8] + png_chunk(b"IHDR", plain[16:28] + bytes((interlaced,))) + plain[33:]
    with pytest.raises(UnreadableImage, match=r"truncated or damaged png \(an unknown filter\)"):
        read(data)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: zlib.compress(rows + bytes(99)),
        lambda rows: zlib.compress(rows) + b"junk",
        lambda rows: zlib.compress(rows)[:-4],
    ],
    ids=["too many rows", "junk behind", "no checksum"],
)
def test_a_stream_that_ends_oddly_is_read_in_silence(
    spoil: Callable[[bytes], bytes], depth: int, capfd: pytest.CaptureFixture[str]
) -> None:
    pixels = noise(9, 7, 3, depth=depth)
    good = png_file(7, 9, depth, 2, b"")
    stream = png_chunk(b"IDAT", spoil(unfiltered(pixels)))
    assert np.array_equal(read(good[:33] + stream + png_chunk(b"IEND", b"")).color, pixels)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("ways", [b"\1\0\0", b"\0\1\0", b"\0\0\2"])
def test_an_unknown_compression_method_is_an_error(ways: bytes) -> None:
    good = png_file(1, 1, 16, 0, bytes(3))
    data = good[:8] + png_chunk(b"IHDR", good[16:26] + ways) + good[33:]
    with pytest.raises(UnreadableImage, match=r"damaged png \(unknown methods \["):
        codec.read_header(data, "a.png", PLENTY)


@pytest.mark.parametrize("depth", [8, 16])
def test_reads_interlaced(depth: int) -> None:
    pixels = noise(11, 13, 3, depth=depth)
    rows = b""
    for left, top, across, down in ADAM7:
        part = pixels[top::down, left::across]
        rows += unfiltered(part) if part.size else b""
    plain = png_file(13, 11, depth, 2, rows)
    data = plain[:8] + png_chunk(b"IHDR", plain[16:28] + b"\1") + plain[33:]
    assert np.array_equal(read(data).color, pixels)
    short = png_file(13, 11, depth, 2, rows[:-1])
    with pytest.raises(UnreadableImage, match="rows are missing"):
        read(short[:8] + png_chunk(b"IHDR", plain[16:28] + b"\1") + short[33:])


@pytest.mark.parametrize(("bits", "kind"), [(3, 0), (16, 3), (4, 2), (8, 5), (0, 0)])
def test_refuses_impossible_headers(bits: int, kind: int) -> None:
    with pytest.raises(UnreadableImage, match=f"color type {kind} of {bits} bit"):
        codec.read_header(png_file(2, 2, bits, kind, b""), "a.png", PLENTY)


def test_pillow_agrees_on_what_is_written() -> None:
    pixels = noise(30, 20, 4)
    data = png_file(20, 30, 8, 6, unfiltered(pixels))
    assert np.array_equal(np.asarray(open_pillow(data)), merged(read(data)))
