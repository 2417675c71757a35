import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.png.pixels import SIGNATURE, walk
from sr_batch.core.errors import UnreadableImage
from tests.codec.animations import (
    Stored,
    animation,
    animations,
    apng_file,
    as_rgba,
    blackened,
    played,
    read_all,
    times_of_pillow,
    with_pillow,
)
from tests.codec.pictures import PLENTY, full_metadata, noise, png_chunk, saved

DELAYS = st.tuples(st.integers(0, 65535), st.integers(1, 65535))
Animation = tuple[int, int, list[Stored]]


@settings(max_examples=50)
@given(animations())
def test_composes_frames_as_they_say(made: Animation) -> None:
    shown = [as_rgba(image) for image in read_all(apng_file(*made))]
    assert np.array_equal(shown, [blackened(canvas) for canvas in played(*made)])


@settings(max_examples=50)
@given(animations(alphas=(0, 1, 30_000, 65_535), depth=16))
def test_blends_sixteen_bit_in_sixteen_bit(made: Animation) -> None:
    shown = np.array([as_rgba(image) for image in read_all(apng_file(*made))])
    expected = np.array([blackened(canvas) for canvas in played(*made)])
    assert shown.dtype == np.uint16
    assert np.abs(shown.astype(int) - expected).max() <= 1


# Its player forgets what it must restore, takes opacity from what was opaque, and plays on the
# picture that is no frame.
@settings(max_examples=50)
@given(animations(after=("keep", "clear"), covered=True))
def test_pillow_shows_the_same(made: Animation) -> None:
    data = apng_file(*made)
    assert np.array_equal([as_rgba(image) for image in read_all(data)], with_pillow(data))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_reads_every_kind_that_pillow_writes(mode: str) -> None:
    stills = [Pillow.fromarray(noise(8, width, 4)[:, :9]) for width in (9, 10, 11)]
    if mode == "P":
        stills = [still.convert("RGB") for still in stills]
        frames = [still.quantize(palette=stills[0].quantize(16)) for still in stills]
    else:
        frames = [still.convert(mode) for still in stills]
    data = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=40)
    images = read_all(data)
    assert [image.is_gray for image in images] == [mode in ("1", "L", "LA")] * 3
    expected = [blackened(np.asarray(frame.convert("RGBA"))) for frame in frames]
    assert np.array_equal([as_rgba(image) for image in images], expected)


@settings(max_examples=30)
@given(st.lists(DELAYS, min_size=2, max_size=4), st.integers(0, 2**31 - 1))
def test_keeps_times_as_fractions(delays: list[tuple[int, int]], plays: int) -> None:
    frames = [Stored(0, 0, noise(1, 1, 4), delay=delay) for delay in delays]
    images = read_all(apng_file(1, 1, frames, plays))
    again = read_all(codec.encode_pages(images, "png", 95))
    expected = [Fraction(1000 * above, below) for above, below in delays]
    for read in (images, again):
        assert [image.timing.milliseconds for image in read if image.timing] == expected
        assert {image.timing.plays for image in read if image.timing} == {plays}


def test_a_time_without_denominator_is_in_hundredths() -> None:
    frames = [Stored(0, 0, noise(1, 1, 4), delay=(7, 0)) for _ in range(2)]
    times = [
        image.timing and image.timing.milliseconds for image in read_all(apng_file(1, 1, frames))
    ]
    assert times == [70, 70]


def test_a_time_that_no_fraction_holds_is_rounded() -> None:
    times = [Fraction(16_777_215), Fraction(1000, 65_537), Fraction(10**9)]
    frames = read_all(codec.encode_pages(animation([noise(1, 1, 3)] * 3, times), "png", 95))
    found = [frame.timing.milliseconds for frame in frames if frame.timing]
    assert found[:2] == [pytest.approx(float(time), rel=1e-4) for time in times[:2]]
    assert found[2] == 65_535_000


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_writes_every_sample_of_every_frame(samples: int, depth: int) -> None:
    frames = [noise(9, 11, samples, depth=depth).copy() for _ in range(4)]
    frames[1][3:5, 2:7] += 1
    frames[3][:] = frames[2][::-1]
    frames = [frame if samples != 2 else frame[..., [0, 0, 0, 1]] for frame in frames]
    back = read_all(codec.encode_pages(animation(frames), "png", 95))
    assert len(back) == 4
    for image, frame in zip(back, frames, strict=True):
        assert image.color.dtype == frame.dtype
        assert np.array_equal(image.color, frame[..., :3])
        assert samples in (1, 3) or np.array_equal(as_rgba(image)[..., 3], frame[..., 3])


def test_pillow_reads_what_is_written() -> None:
    frames = [noise(40, width, 4)[:, :50] for width in (50, 60, 60, 70)]
    data = codec.encode_pages(animation(frames, [10, 20, 30, 50], 3), "png", 95)
    assert np.array_equal(with_pillow(data), [blackened(frame) for frame in frames])
    assert times_of_pillow(data) == (3, [10, 20, 30, 50])


def test_stores_what_has_changed_alone() -> None:
    frames = [noise(100, 100, 3)] * 20
    still = len(codec.encode_image(animation(frames)[0], "png", 95))
    assert len(codec.encode_pages(animation(frames), "png", 95)) < still + 20 * 100


def test_keeps_metadata() -> None:
    metadata = full_metadata()
    images = animation([noise(13, 17, 3), noise(13, 18, 3)[:, :17]], metadata=metadata)
    for image in read_all(codec.encode_pages(images, "png", 95)):
        assert (image.metadata.icc, image.metadata.exif) == (metadata.icc, metadata.exif)
        assert (image.metadata.xmp, image.metadata.photoshop) == (metadata.xmp, metadata.photoshop)


FRAMES = [Stored(0, 0, noise(6, 6, 4)), Stored(1, 1, noise(4, 4, 4))]


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95, 0.99])
def test_a_truncated_animation_is_an_error(kept: float) -> None:
    data = apng_file(6, 6, FRAMES)
    with pytest.raises(UnreadableImage, match=r"^a\.png: truncated or damaged png"):
        codec.read_header(data[: int(len(data) * kept)], "a.png", PLENTY)


def test_a_flipped_bit_in_a_frame_is_an_error() -> None:
    data = bytearray(apng_file(6, 6, FRAMES))
    data[data.rindex(b"fdAT") + 9] ^= 4
    with pytest.raises(UnreadableImage, match="wrong checksum of fdAT"):
        list(codec.read_pages(bytes(data), "a.png", PLENTY))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (struct.pack(">IIII", 4, 4, 1, 1), struct.pack(">IIII", 4, 4, 3, 1)),
        (struct.pack(">IIII", 4, 4, 1, 1), struct.pack(">IIII", 4, 0, 1, 1)),
        (struct.pack(">IIII", 4, 4, 1, 1), struct.pack(">IIII", 2**31, 4, 1, 1)),
        (struct.pack(">IIII", 6, 6, 0, 0), struct.pack(">IIII", 5, 6, 0, 0)),
        (struct.pack(">HHBB", 1, 10, 0, 1), struct.pack(">HHBB", 1, 10, 3, 1)),
        (struct.pack(">II", 2, 0), struct.pack(">II", 3, 0)),
    ],
)
def test_frames_that_contradict_the_canvas_are_an_error(old: bytes, new: bytes) -> None:
    data = apng_file(6, 6, FRAMES)
    assert old in data
    with pytest.raises(UnreadableImage, match=r"^a\.png: .*damaged png"):
        codec.read_header(with_true_checksums(data.replace(old, new)), "a.png", PLENTY)


def with_true_checksums(data: bytes) -> bytes:
    chunks = [(data[start - 4 : start], data[start:end]) for _, start, end in walk(data)]
    return SIGNATURE + b"".join(png_chunk(*chunk) for chunk in chunks)
