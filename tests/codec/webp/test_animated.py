import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.core.errors import UnreadableImage
from sr_batch.core.image import Metadata
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
    webp_file,
    with_pillow,
)
from tests.codec.pictures import (
    PLENTY,
    camera_exif,
    full_metadata,
    noise,
    open_pillow,
    saved,
    smooth,
    srgb_profile,
    xmp_packet,
)

LOSSLESS = Metadata(lossless=True)
Animation = tuple[int, int, list[Stored]]


def webp(frames: list[Array], metadata: Metadata = LOSSLESS, quality: int = 90) -> bytes:
    return codec.encode_pages(animation(frames, metadata=metadata), "webp", quality)


@settings(max_examples=50)
@given(animations(alphas=(0, 1, 90, 255), after=("keep", "clear"), step=2))
def test_composes_frames_as_they_say(made: Animation) -> None:
    shown = np.array([as_rgba(image) for image in read_all(webp_file(*made))], int)
    expected = np.array([blackened(canvas) for canvas in played(*made)])
    assert np.abs(shown - expected).max() <= 1


@settings(max_examples=50)
@given(animations(after=("keep", "clear"), step=2))
def test_pillow_shows_the_same(made: Animation) -> None:
    data = webp_file(*made)
    assert np.array_equal([as_rgba(image) for image in read_all(data)], with_pillow(data))


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("samples", [3, 4])
def test_reads_what_pillow_writes(samples: int, lossless: bool) -> None:
    frames = [Pillow.fromarray(smooth(40, width, samples)[:, :50] | 1) for width in (50, 60, 70)]
    options = {"lossless": lossless, "duration": [20, 30, 40], "loop": 3}
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], **options)
    images = read_all(data)
    timings = [image.timing for image in images]
    assert [timing.milliseconds for timing in timings if timing] == [20, 30, 40]
    assert {timing.plays for timing in timings if timing} == {3}
    assert {image.metadata.lossless for image in images} == {lossless}
    assert np.array_equal([as_rgba(image) for image in images], with_pillow(data))


@settings(max_examples=50)
@given(animations(alphas=(0, 1, 90, 255), after=("keep", "clear")))
def test_reads_back_what_it_wrote_without_loss(made: Animation) -> None:
    frames = played(*made)
    data = webp(frames)
    images = read_all(data)
    assert {image.metadata.lossless for image in images} == {True}
    for read in ([as_rgba(image) for image in images], with_pillow(data)):
        assert np.array_equal(read, [blackened(frame) for frame in frames])


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2**24 - 1), min_size=2, max_size=5), st.integers(0, 65535))
def test_keeps_number_times_and_repeats_of_frames(times: list[int], plays: int) -> None:
    frames = [noise(4, 5, 3)] * len(times)  # all the same, and none may be lost
    data = codec.encode_pages(animation(frames, times, plays), "webp", 90)
    timings = [image.timing for image in read_all(data)]
    assert [timing.milliseconds for timing in timings if timing] == times
    assert {timing.plays for timing in timings if timing} == {plays}
    assert len(with_pillow(data)) == len(times)


def test_pillow_reads_times_and_repeats() -> None:
    images = animation([noise(4, 5, 3)] * 3, [10, 0, 50], 7)
    assert times_of_pillow(codec.encode_pages(images, "webp", 90)) == (7, [10, 0, 50])


@pytest.mark.parametrize("samples", [1, 3, 4])
def test_comes_near_at_its_quality(samples: int) -> None:
    frames = [smooth(60, 80, samples) | 1 for _ in range(3)]
    frames[1][11:31, 7:41] = 255 - frames[1][11:31, 7:41]
    sizes = []
    for quality in (40, 95):
        data = webp(frames, Metadata(), quality)
        for image, frame in zip(read_all(data), frames, strict=True):
            shown = as_rgba(image)
            assert psnr(shown[..., :3], np.broadcast_to(frame[..., :3], (60, 80, 3))) > 30
            assert samples < 4 or np.array_equal(shown[..., 3], frame[..., 3])
        sizes.append(len(data))
    assert sizes[0] < sizes[1]


def test_a_frame_without_change_changes_nothing() -> None:
    frames = [smooth(60, 80, 3)] * 4
    data = webp(frames, Metadata())
    first, *others = (image.color for image in read_all(data))
    for other in others:
        assert np.array_equal(first[1:], other[1:])
        assert np.abs(first[0].astype(int) - other[0]).max() < 8
    assert len(data) < len(webp(frames[:2], Metadata())) + 2 * 100


def test_keeps_metadata() -> None:
    metadata = full_metadata()
    data = webp([noise(13, 17, 3), noise(13, 18, 3)[:, :17]], metadata)
    for image in read_all(data):
        assert image.metadata.icc == metadata.icc
        assert image.metadata.exif == metadata.exif
        assert image.metadata.xmp == metadata.xmp
    opened = open_pillow(data)
    assert opened.info["icc_profile"] == metadata.icc
    assert opened.getexif()[271] == "Maker"


def test_turns_every_frame_as_exif_says() -> None:
    frames = [Stored(0, 0, noise(4, 6, 4)), Stored(0, 0, noise(4, 7, 4)[:, :6])]
    extra = (b"EXIF", camera_exif(6)), (b"XMP ", xmp_packet(6))
    shown = played(6, 4, [Stored(0, 0, frame.pixels) for frame in frames])
    for image, canvas in zip(read_all(webp_file(6, 4, frames, 0, *extra)), shown, strict=True):
        assert np.array_equal(as_rgba(image), blackened(np.rot90(canvas, -1)))


def test_one_frame_is_a_still_picture() -> None:
    pixels = noise(4, 6, 4)
    (image,) = read_all(webp_file(6, 8, [Stored(0, 2, pixels)]))
    assert image.timing is None
    assert np.array_equal(as_rgba(image)[2:6], blackened(pixels))
    assert not as_rgba(image)[6:].any()


def test_leaves_out_a_gray_profile() -> None:
    icc = srgb_profile()[:16] + b"GRAY" + srgb_profile()[20:]
    images = read_all(webp([noise(4, 4, 1)] * 2, Metadata(icc=icc)))
    assert images[0].metadata.icc is None


DATA = webp_file(8, 8, [Stored(0, 0, noise(8, 8, 4)), Stored(2, 4, noise(4, 4, 4))])


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.97])
def test_a_truncated_animation_is_an_error(kept: float) -> None:
    with pytest.raises(UnreadableImage, match=r"^a\.webp: truncated or damaged webp"):
        codec.read_header(DATA[: int(len(DATA) * kept)], "a.webp", PLENTY)


def test_a_length_beyond_all_files_is_an_error() -> None:
    data = DATA[:4] + bytes((255,) * 4) + DATA[8:]
    with pytest.raises(UnreadableImage, match="frames are missing"):
        codec.read_header(data, "a.webp", PLENTY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            struct.pack("<IIII", 8, 8, 7, 7)[:0] + bytes((7, 0, 0, 7, 0, 0)),
            bytes((5, 0, 0, 7, 0, 0)),
        ),
        (bytes((3, 0, 0, 3, 0, 0)), bytes((3, 0, 0, 9, 0, 0))),
        (bytes((1, 0, 0, 2, 0, 0)), bytes((3, 0, 0, 2, 0, 0))),
        (b"VP8L", b"VP8Q"),
        (b"VP8X", b"VP8Y"),
    ],
)
def test_frames_that_contradict_themselves_are_an_error(old: bytes, new: bytes) -> None:
    assert old in DATA
    with pytest.raises(UnreadableImage, match=r"^a\.webp: truncated or damaged webp"):
        codec.read_header(DATA.replace(old, new), "a.webp", PLENTY)


def test_times_of_thousandths_stay() -> None:
    images = animation([noise(2, 2, 3)] * 3, [Fraction(1000, 60)] * 3)
    timings = [image.timing for image in read_all(codec.encode_pages(images, "webp", 90))]
    assert [timing.milliseconds for timing in timings if timing] == [17, 16, 17]
