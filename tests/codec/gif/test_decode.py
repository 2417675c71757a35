import struct

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.core.errors import ImageTooLarge, UnreadableImage
from sr_batch.core.geometry import Size
from tests.codec.animations import (
    Stored,
    animations,
    as_rgba,
    blackened,
    gif_data,
    gif_file,
    played,
    read_all,
    with_pillow,
)
from tests.codec.pictures import PLENTY, noise, read, saved, srgb_profile, xmp_packet

Animation = tuple[int, int, list[Stored]]
CONTROL = bytes((0x21, 0xF9, 4))


def opaque(height: int, width: int) -> np.ndarray:
    pixels = noise(height, width, 4)
    pixels[..., 3] = 255
    return pixels


FRAMES = [Stored(0, 0, opaque(9, 13)), Stored(1, 1, opaque(4, 4))]


@settings(max_examples=50)
@given(animations())
def test_composes_frames_as_they_say(made: Animation) -> None:
    width, height, frames = made
    over = [Stored(f.left, f.top, f.pixels, True, f.after) for f in frames]
    shown = {image.size for image in read_all(gif_file(*made))}
    assert shown == {Size(width, height)}
    expected = [blackened(canvas) for canvas in played(width, height, over)]
    assert np.array_equal([as_rgba(image) for image in read_all(gif_file(*made))], expected)


# Its player fills what is cleared, or never drawn on, with some colour of the palette.
@settings(max_examples=50)
@given(animations(after=("keep", "restore"), covered=True))
def test_pillow_shows_the_same(made: Animation) -> None:
    data = gif_file(*made)
    assert np.array_equal([as_rgba(image) for image in read_all(data)], with_pillow(data))


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_reads_a_still_picture(mode: str, interlace: int) -> None:
    picture = Pillow.fromarray(noise(40, 50, 3)).convert(mode)
    image = read(saved(picture, "GIF", interlace=interlace))
    assert (image.format, image.timing, image.alpha) == ("gif", None, None)
    assert np.array_equal(image.color, np.asarray(picture.convert("RGB")))


def test_reads_transparency() -> None:
    picture = Pillow.fromarray(noise(20, 30, 3)).quantize(50)
    image = read(saved(picture, "GIF", transparency=7))
    assert np.array_equal(as_rgba(image)[..., 3] == 0, np.asarray(picture) == 7)


@pytest.mark.parametrize(("again", "plays"), [(None, 1), (0, 0), (1, 2), (65535, 65536)])
def test_reads_times_and_repeats(again: int | None, plays: int) -> None:
    delays = [(0, 100), (1, 100), (7, 100), (65535, 100)]
    frames = [Stored(0, 0, opaque(2, 2), delay=delay) for delay in delays]
    timings = [image.timing for image in read_all(gif_file(2, 2, frames, again))]
    assert [timing.milliseconds for timing in timings if timing] == [0, 10, 70, 655_350]
    assert {timing.plays for timing in timings if timing} == {plays}


def test_reads_repeats_under_the_other_name() -> None:
    extension = b"!\xff\x0bANIMEXTS1.0\x03\x01\x04\x00\0"
    timings = [image.timing for image in read_all(gif_file(13, 9, FRAMES, None, extension))]
    assert {timing.plays for timing in timings if timing} == {5}


def test_a_control_is_for_one_frame_alone() -> None:
    first, second = (gif_file(2, 2, [frame], None) for frame in (FRAMES[1], FRAMES[1]))
    body = second[second.index(b",") : -1]
    timings = [image.timing for image in read_all(first[:-1] + body + b";")]
    assert [timing and timing.milliseconds for timing in timings] == [100, 0]


def test_colours_of_the_file_serve_frames_without_their_own() -> None:
    table = noise(4, 3).tobytes()
    head = b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0x81, 0, 0) + table
    place = struct.pack("<BHHHHB", 0x2C, 0, 0, 2, 2, 0)
    image = read(head + place + gif_data([0, 1, 2, 3]) + b";")
    assert np.array_equal(image.color.reshape(4, 3), noise(4, 3))


def test_indices_beyond_the_palette_are_black_and_without_one_gray() -> None:
    place = struct.pack("<BHHHHB", 0x2C, 0, 0, 2, 1, 0)
    body = place + gif_data([1, 200]) + b";"
    short = b"GIF89a" + struct.pack("<HHBBB", 2, 1, 0x80, 0, 0) + bytes((9,) * 6)
    assert read(short + body).color.tolist() == [[[9, 9, 9], [0, 0, 0]]]
    none = b"GIF89a" + struct.pack("<HHBBB", 2, 1, 0, 0, 0)
    assert read(none + body).color.tolist() == [[[1, 1, 1], [200, 200, 200]]]


def test_a_frame_larger_than_the_screen_makes_it_larger() -> None:
    frames = [Stored(0, 0, opaque(2, 2)), Stored(1, 3, opaque(2, 2))]
    sizes = {image.size for image in read_all(gif_file(1, 1, frames))}
    assert sizes == {Size(3, 5)}


def test_reads_metadata() -> None:
    profile = srgb_profile()
    chain = b"".join(
        bytes((len(part),)) + part
        for part in (profile[at : at + 100] for at in range(0, len(profile), 100))
    )
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    extensions = (
        b"!\xfe\x05hello\0",
        b"!\xff\x0bICCRGBG1012" + chain + b"\0",
        b"!\xff\x0bXMP DataXMP" + xmp_packet() + trailer,
        b"!\xff\x0bUNKNOWN 1.0\x02ab\0",
    )
    for image in read_all(gif_file(13, 9, FRAMES, 0, *extensions)):
        assert (image.metadata.icc, image.metadata.xmp) == (profile, xmp_packet())


@pytest.mark.parametrize(
    "extension",
    [
        b"!\xff\x0bNETSCAPE2.0\0",
        b"!\xff\x0cNETSCAPE2.0x\0",
        b"!\xff\x0bNETSCAPE2.0\x01\x01\0",
        b"!\xff\x0bICCRGBG1012\0",
        b"!\xff\x0bXMP DataXMP\x05hello\0",
        b"!\xff\0",
        b"!\xf9\0",
        b"!\x01\x02ab\0",
    ],
)
def test_odd_extensions_never_fail_the_picture(extension: bytes) -> None:
    image = read(gif_file(13, 9, FRAMES[:1], None, extension))
    assert np.array_equal(as_rgba(image), FRAMES[0].pixels)


@pytest.mark.parametrize("junk", [b"", b";", b"\0;", b"\0\0\0", b"anything"])
def test_other_bytes_than_blocks_end_the_file(junk: bytes) -> None:
    assert len(read_all(gif_file(13, 9, FRAMES)[:-1] + junk)) == 2


@pytest.mark.parametrize("kept", [0.02, 0.1, 0.5, 0.97])
def test_a_truncated_file_is_an_error(kept: float) -> None:
    data = gif_file(13, 9, [FRAMES[0]])
    with pytest.raises(UnreadableImage, match=r"^a\.gif: truncated or damaged gif"):
        codec.read_header(data[: int(len(data) * kept)], "a.gif", PLENTY)


def test_missing_rows_are_an_error() -> None:
    data = gif_file(13, 9, [FRAMES[0]])
    place = struct.pack("<HHHH", 0, 0, 13, 9)
    taller = data.replace(place, struct.pack("<HHHH", 0, 0, 13, 10))
    with pytest.raises(UnreadableImage, match="truncated"):
        read(taller)


def test_all_frames_count_against_the_limit() -> None:
    data = gif_file(13, 9, FRAMES)
    codec.read_header(data, "a.gif", 2 * 13 * 9)
    with pytest.raises(ImageTooLarge, match=r"2 frames of 13x9 .* --max-pixels 234$"):
        codec.read_header(data, "a.gif", 2 * 13 * 9 - 1)
