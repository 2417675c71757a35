import struct
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.backends import opencv
from sr_batch.codec.heif.isobmff import Items
from sr_batch.core.errors import ImageTooLarge, UnreadableImage, UnsupportedImage
from sr_batch.core.image import Image, Metadata, Pixels
from tests.codec.heif_files import Part, Property, coded, grid, heif_file, ispe, nclx
from tests.codec.pictures import (
    GPS,
    PLENTY,
    camera_exif,
    full_metadata,
    merged,
    noise,
    open_opencv,
    open_pillow,
    picture,
    read,
    saved,
    smooth,
    srgb_profile,
    xmp_packet,
)

GAIN_MAP = b"urn:com:apple:photo:2020:aux:hdrgainmap"
DEPTH_MAP = b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth"


def avif(*shape: int, seed: int = 0) -> bytes:
    return saved(Pillow.fromarray(np.roll(smooth(*shape), seed, 0)), "AVIF", speed=10)


def still(**changes: object) -> Part:
    """A picture of 40x30 pixels, without what its encoder said of its colours."""
    part = coded(avif(30, 40, 3))
    bare = tuple(prop for prop in part.properties if prop[0] != b"colr")
    return replace(part, properties=bare, **changes)  # type: ignore[arg-type]


def with_properties(*properties: tuple[bytes, bytes]) -> bytes:
    part = still()
    return heif_file(b"avif", [replace(part, properties=part.properties + properties)])


def deep_avif(depth: int, pixels: Pixels) -> bytes:
    options = [cv2.IMWRITE_AVIF_QUALITY, 100, cv2.IMWRITE_AVIF_DEPTH, depth]
    return cv2.imencode(".avif", pixels[..., ::-1], [*options, cv2.IMWRITE_AVIF_SPEED, 9])[
        1
    ].tobytes()


def close(image: Image, expected: Pixels) -> bool:
    return int(np.abs(merged(image).astype(int) - expected).max()) < 16


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_reads_the_same_pixels_as_pillow(mode: str) -> None:
    data = saved(Pillow.fromarray(smooth(40, 50, 4)).convert(mode), "AVIF", speed=10)
    image = read(data)
    assert (image.is_gray, image.alpha is not None) == (mode == "L", mode == "RGBA")
    assert np.array_equal(merged(image).squeeze(), np.asarray(open_pillow(data)))


@pytest.mark.parametrize("depth", [10, 12])
def test_keeps_more_than_8_bit(depth: int) -> None:
    last = 2**depth - 1
    pixels = np.repeat(np.linspace(0, last, 64 * 64).astype(np.uint16).reshape(64, 64, 1), 3, 2)
    data = deep_avif(depth, pixels)
    stored = open_opencv(data)
    assert stored.max() == last
    image = read(data)
    assert np.array_equal(image.color, np.rint(stored / last * 65535))
    assert image.metadata.note is None
    assert codec.read_header(data, "a", PLENTY).decoded_bytes == 64 * 64 * 6


def test_says_when_more_than_8_bit_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencv, "reads_avif", lambda: False)  # as it is built elsewhere
    image = read(deep_avif(10, noise(16, 16, 3, depth=16) // 64))
    assert image.color.dtype == np.uint8
    assert codec.losses(image, "png") == ("10 bit read as 8 bit",)


# What a turn to the left and a mirror make of a picture, by their names in the standard.
TURNS = {"irot 0": 0, "irot 1": 1, "irot 2": 2, "irot 3": 3}
MIRRORS: dict[str, tuple[Property, Callable[[Pixels], Pixels]]] = {
    "nothing": ((b"free", b""), lambda p: p),
    "imir 0": ((b"imir", b"\0"), lambda p: p[::-1]),
    "imir 1": ((b"imir", b"\1"), lambda p: p[:, ::-1]),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("mirror", MIRRORS)
def test_follows_the_orientation_of_the_properties_not_of_exif(turn: str, mirror: str) -> None:
    quarters, (reflection, reflect) = TURNS[turn], MIRRORS[mirror]
    item = Part(b"Exif", bytes(4) + camera_exif(6), references=((b"cdsc", (1,)),))
    part = still()
    rotation = (b"irot", bytes((quarters,)))
    part = replace(part, properties=(*part.properties, rotation, reflection))
    data = heif_file(b"avif", [part, item])
    image, upright = read(data), read(with_properties()).color
    assert np.array_equal(image.color, reflect(np.rot90(upright, quarters)))
    assert codec.read_header(data, "a", PLENTY).size == image.size
    written = open_pillow(codec.encode_image(image, "jpg", 95))
    assert written.getexif()[274] == 1
    assert written.size == (image.size.width, image.size.height)


def test_applies_properties_in_their_order() -> None:
    data = with_properties((b"imir", b"\0"), (b"irot", b"\1"))
    assert np.array_equal(read(data).color, np.rot90(read(with_properties()).color[::-1]))


def test_shows_what_is_not_cropped() -> None:
    # 20x10, its centre 3 to the right and 2 above the middle.
    clap = struct.pack(">IIIIiIiI", 20, 1, 10, 1, 3, 1, -2, 1)
    image = read(with_properties((b"clap", clap), (b"irot", b"\1")))
    whole = read(with_properties()).color
    assert np.array_equal(image.color, np.rot90(whole[8:18, 13:33]))


@pytest.mark.parametrize("side", [41, 10**6])
def test_an_impossible_crop_is_an_error(side: int) -> None:
    clap = struct.pack(">IIIIiIiI", side, 1, 10, 1, 0, 1, 0, 1)
    with pytest.raises(UnreadableImage, match=r"^a: truncated or damaged avif \(header\)$"):
        codec.read_header(with_properties((b"clap", clap)), "a", PLENTY)


def test_numbers_of_wide_colours_become_a_profile() -> None:
    image = read(with_properties(nclx(12, 13)))
    assert image.metadata.icc is not None
    assert b"H.273 12/13" in image.metadata.icc
    assert read(codec.encode_image(image, "png", 95)).metadata.icc == image.metadata.icc
    assert read(with_properties(nclx(1, 13))).metadata.icc is None
    own = (b"colr", b"prof" + srgb_profile())
    assert read(with_properties(nclx(9, 13), own)).metadata.icc == srgb_profile()


def test_notes_colours_read_as_srgb() -> None:
    image = read(with_properties(nclx(10, 13)))
    assert codec.losses(image, "png") == ("unknown color encoding (10/13), read as sRGB",)


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_refuses_hdr(transfer: int, name: str) -> None:
    with pytest.raises(UnsupportedImage, match=rf"^a\.avif: an HDR picture \({name}\)"):
        codec.read_header(with_properties(nclx(9, transfer)), "a.avif", PLENTY)


def test_reads_a_grid_of_tiles() -> None:
    tiles = [coded(avif(64, 64, 3, seed=seed)) for seed in (0, 9, 20, 31)]
    primary = Part(b"grid", grid(2, 2, 128, 128), (ispe(128, 128),), ((b"dimg", (2, 3, 4, 5)),))
    image = read(heif_file(b"avif", [primary, *tiles]))
    rows = [np.roll(smooth(64, 64, 3), seed, 0) for seed in (0, 9, 20, 31)]
    expected = np.concatenate(
        [np.concatenate(rows[:2], axis=1), np.concatenate(rows[2:], axis=1)], axis=0
    )
    assert close(image, expected)


def test_takes_the_primary_picture_of_several() -> None:
    parts = [coded(avif(20, 50, 3)), still(), coded(avif(60, 8, 3))]
    image = read(heif_file(b"avif", parts, primary=2))
    assert np.array_equal(image.color, read(with_properties()).color)


@pytest.mark.parametrize(
    ("kind", "note"),
    [(GAIN_MAP, "HDR gain map left out"), (DEPTH_MAP, "depth map left out"), (b"urn:other", None)],
)
def test_notes_auxiliary_pictures_left_out(kind: bytes, note: str | None) -> None:
    auxiliary = coded(avif(15, 20))
    auxiliary = replace(
        auxiliary,
        properties=(*auxiliary.properties, (b"auxC", bytes(4) + kind + b"\0")),
        references=((b"auxl", (1,)),),
    )
    image = read(heif_file(b"avif", [still(), auxiliary]))
    assert image.alpha is None
    assert image.metadata.note == note


def test_refuses_an_animation() -> None:
    frames = [Pillow.fromarray(noise(16, 16, 3)) for _ in range(3)]
    data = saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10)
    with pytest.raises(UnsupportedImage, match=r"^a\.avif: an animated AVIF"):
        codec.read_header(data, "a.avif", PLENTY)


@pytest.mark.parametrize("part", range(2))
def test_refuses_bombs_by_their_header(part: int) -> None:
    primary = [
        Part(b"av01", b"", (ispe(60000, 60000),)),
        Part(b"grid", grid(200, 200, 60000, 60000), (ispe(60000, 60000),)),
    ][part]
    with pytest.raises(ImageTooLarge, match=r"^a: 60000x60000 "):
        codec.read_image(heif_file(b"avif", [primary]), "a", 178_956_970)


@pytest.mark.parametrize(("channels", "alpha"), [(1, False), (1, True), (3, False), (3, True)])
def test_writes_near_what_it_was_given(channels: int, alpha: bool) -> None:
    image = Image(smooth(64, 48, channels), smooth(64, 48) if alpha else None)
    back = read(codec.encode_image(image, "avif", 95))
    assert back.is_gray == (channels == 1 and not alpha)
    assert np.abs(back.color.astype(int) - image.color).max() < 12
    assert image.alpha is None or np.abs(merged(back)[..., 3].astype(int) - image.alpha).max() < 12


def test_writes_full_colour_resolution() -> None:
    items = Items(codec.encode_image(picture(3, False, 8), "avif", 95))
    (config,) = (content for kind, content in items.properties(items.primary) if kind == b"av1C")
    assert config[2] & 0b1100 == 0


def test_quality_changes_size_and_error() -> None:
    image = Image(noise(64, 64, 3))
    sizes = [len(codec.encode_image(image, "avif", quality)) for quality in (10, 50, 95)]
    assert sizes == sorted(set(sizes))


def test_keeps_metadata_as_it_is() -> None:
    image = Image(noise(13, 17, 3), None, full_metadata())
    data = codec.encode_image(image, "avif", 95)
    assert image.metadata.exif is not None
    assert image.metadata.exif in data
    assert open_pillow(data).getexif().get_ifd(34853) == GPS
    back = read(data).metadata
    assert back.exif == image.metadata.exif
    assert (back.icc, back.xmp) == (srgb_profile(), xmp_packet())
    assert codec.losses(image, "avif") == ("IPTC left out",)


def test_a_broken_exif_block_costs_nothing_else() -> None:
    for block, kept in ((b"II*\0\xff\xff\xff\x7fxx", True), (b"junk", False)):
        image = Image(noise(13, 17, 3), None, Metadata(exif=block))
        back = read(codec.encode_image(image, "avif", 95))
        assert back.metadata.exif == (block if kept else None)
        assert codec.losses(image, "avif") == (() if kept else ("EXIF left out",))


def test_leaves_out_a_gray_profile_where_alpha_makes_it_colour() -> None:
    icc = srgb_profile()[:16] + b"GRAY" + srgb_profile()[20:]
    for alpha, kept in ((None, icc), (noise(8, 8), None)):
        image = Image(noise(8, 8, 1), alpha, Metadata(icc=icc))
        assert read(codec.encode_image(image, "avif", 95)).metadata.icc == kept
        assert codec.losses(image, "avif") == (() if kept else ("ICC profile left out",))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.97])
def test_a_truncated_picture_is_an_error(kept: float) -> None:
    data = saved(Pillow.fromarray(noise(40, 40, 3)), "AVIF", speed=10)
    with pytest.raises(UnreadableImage, match="truncated or damaged avif"):
        codec.read_image(data[: int(len(data) * kept)], "a.avif", PLENTY)
