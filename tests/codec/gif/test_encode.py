from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch import codec
from sr_batch.codec.backends.pillow import dithered
from sr_batch.core.image import Image, Metadata
from sr_batch.imaging.metrics import psnr
from tests.codec.animations import (
    Array,
    Stored,
    animation,
    animations,
    as_rgba,
    blackened,
    played,
    read_all,
    times_of_pillow,
    with_pillow,
)
from tests.codec.pictures import (
    full_metadata,
    noise,
    open_pillow,
    read,
    smooth,
    srgb_profile,
)


def gif(frames: list[Array], *rest: Any) -> bytes:
    return codec.encode_pages(animation(frames, *rest), "gif", 95)


@settings(max_examples=50)
@given(animations())
def test_reads_back_what_it_wrote(made: tuple[int, int, list[Stored]]) -> None:
    frames = [blackened(canvas) for canvas in played(*made)]
    assert np.array_equal([as_rgba(image) for image in read_all(gif(frames))], frames)


@settings(max_examples=50)
@given(animations())
def test_pillow_reads_what_is_written(made: tuple[int, int, list[Stored]]) -> None:
    frames = [blackened(canvas) for canvas in played(*made)]
    assert np.array_equal(with_pillow(gif(frames)), frames)


def test_pillow_sees_through_later_frames_where_the_first_is_opaque() -> None:
    opaque = np.full((1, 1, 4), (217, 163, 130, 255), np.uint8)
    frames = [opaque, opaque, np.zeros_like(opaque)]
    assert np.array_equal(with_pillow(gif(frames)), frames)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 65535), min_size=2, max_size=5), st.integers(0, 65536))
def test_keeps_number_times_and_repeats_of_frames(ticks: list[int], plays: int) -> None:
    frames = [smooth(4, 5, 3)] * len(ticks)  # all the same, and none may be lost
    data = gif(frames, [10 * tick for tick in ticks], plays)
    timings = [image.timing for image in read_all(data)]
    assert [timing.milliseconds for timing in timings if timing] == [10 * tick for tick in ticks]
    assert {timing.plays for timing in timings if timing} == {plays}
    assert times_of_pillow(data) == (
        None if plays == 1 else max(plays - 1, 0),
        [10 * tick for tick in ticks],
    )


def test_what_does_not_change_does_not_flicker() -> None:
    """Though the colours are too many, and chosen and dithered again in every frame."""
    frames = [smooth(60, 80, 3) for _ in range(4)]
    for place, frame in enumerate(frames):
        frame[10 * place : 10 * place + 20, 5:40] = 255 - smooth(20, 35, 3)
    back = [image.color for image in read_all(gif(frames))]
    for place in range(3):
        same = (frames[place] == frames[place + 1]).all(axis=2)
        assert 0 < same.sum() < same.size
        assert np.array_equal(back[place][same], back[place + 1][same])


def test_many_colours_come_near() -> None:
    image = Image(smooth(80, 100, 3))
    back = as_rgba(read(codec.encode_image(image, "gif", 95)))
    assert psnr(back[..., :3], smooth(80, 100, 3)) > 38
    assert codec.losses(image, "gif") == ("colors reduced to 256",)


@pytest.mark.parametrize("samples", [1, 3])
def test_a_palette_of_all_colours_is_exact(samples: int) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = Image(np.stack([levels, levels[::-1], 255 - levels], axis=2)[..., :samples])
    back = read(codec.encode_image(image, "gif", 95))
    assert np.array_equal(back.color, np.broadcast_to(image.color, (16, 16, 3)))
    assert codec.losses(image, "gif") == ()


def test_transparency_takes_the_place_of_a_colour() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    alpha = np.full((16, 17), 255, np.uint8)
    alpha[:, 16] = 0
    image = Image(np.pad(levels, ((0, 0), (0, 1), (0, 0))), alpha)
    back = read(codec.encode_image(image, "gif", 95))
    assert np.array_equal(as_rgba(back)[..., 3], alpha)
    assert np.abs(back.color[:, :16].astype(int) - levels).max() < 4
    assert codec.losses(image, "gif") == ("colors reduced to 256",)


def test_alpha_becomes_all_or_nothing() -> None:
    color = np.zeros((2, 2, 3), np.uint8)
    image = Image(color, np.array([[0, 127], [128, 255]], np.uint8))
    back = read(codec.encode_image(image, "gif", 95))
    assert as_rgba(back)[..., 3].tolist() == [[0, 0], [255, 255]]
    assert codec.losses(image, "gif") == (
        "partial transparency made fully opaque or fully transparent",
    )
    assert codec.losses(Image(color, color[..., 0]), "gif") == ()


def test_sixteen_bit_is_rounded() -> None:
    image = Image(noise(8, 8, 3, depth=16))
    back = read(codec.encode_image(image, "gif", 95))
    assert np.array_equal(back.color, np.rint(image.color / 257))
    assert codec.losses(image, "gif") == ("16-bit samples rounded to 8 bits",)


@pytest.mark.parametrize(
    ("kind", "milliseconds", "lost"),
    [
        ("gif", Fraction(50, 3), ("frame times rounded",)),
        ("webp", Fraction(50, 3), ("frame times rounded",)),
        ("png", Fraction(50, 3), ()),
        ("gif", 7, ("frame times rounded",)),
        ("webp", 7, ()),
        ("gif", 70, ()),
    ],
)
def test_says_where_times_are_rounded(
    kind: str, milliseconds: Fraction | int, lost: tuple[str, ...]
) -> None:
    (frame,) = animation([np.zeros((2, 2, 3), np.uint8)], [milliseconds])
    assert codec.losses(frame, kind) == lost


def test_one_palette_serves_frames_that_have_its_colours() -> None:
    first = noise(10, 10, 1)
    frames = [np.roll(first, places, 0) for places in range(5)]
    alone = len(codec.encode_image(Image(first), "gif", 95))
    assert len(gif(frames)) < alone + 4 * 200


def test_keeps_what_it_can_of_metadata() -> None:
    metadata = full_metadata()
    image = Image(noise(13, 17, 3), None, metadata)
    data = codec.encode_image(image, "gif", 95)
    back = read(data).metadata
    assert (back.icc, back.xmp) == (metadata.icc, metadata.xmp)
    assert open_pillow(data).size == (17, 13)
    assert codec.losses(image, "gif") == ("EXIF left out", "IPTC left out")


def test_leaves_out_a_packet_that_would_end_early() -> None:
    packet = "<x:xmpmeta/>".encode("utf-16")
    image = Image(noise(4, 5, 3), None, Metadata(xmp=packet))
    assert read(codec.encode_image(image, "gif", 95)).metadata.xmp is None
    assert "XMP left out" in codec.losses(image, "gif")
    assert "XMP left out" not in codec.losses(image, "png")


def test_leaves_out_a_gray_profile() -> None:
    icc = srgb_profile()[:16] + b"GRAY" + srgb_profile()[20:]
    image = Image(noise(4, 4, 1), None, Metadata(icc=icc))
    assert read(codec.encode_image(image, "gif", 95)).metadata.icc is None
    assert codec.losses(image, "gif") == ("ICC profile left out",)


def test_dither_uses_only_the_colours_there_are_room_for() -> None:
    pixels, drawn = noise(60, 50, 3), noise(60, 50) > 100
    indices, palette = dithered(pixels.astype(np.uint8), drawn, 200)
    assert len(palette) <= 200
    assert indices[drawn].max() < len(palette)
