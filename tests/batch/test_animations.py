"""Animations through the whole engine: all frames are enlarged and keep their times."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sr_batch import codec
from sr_batch.core.image import Metadata
from sr_batch.core.options import Format, UpscaleOptions
from sr_batch.core.results import Done
from tests.codec.animations import Array, animation, as_rgba, read_all, times_of_pillow
from tests.codec.pictures import noise
from tests.runs import count, errors, go, tree

KINDS: list[Format] = ["gif", "png", "webp"]
TIMES = [40, 100, 20, 0, 70]

pytestmark = pytest.mark.usefixtures("here")


def sprite(number: int = 5) -> list[Array]:
    """A square of few colours that moves over a transparent canvas and stops at the end."""
    frames = [np.zeros((24, 32, 4), np.uint8) for _ in range(number)]
    for place, frame in enumerate(frames):
        left = 4 * min(place, number - 2)
        frame[6:14, left : left + 8, :3] = noise(8, 8, 1)
        frame[6:14, left : left + 8, 3] = 255
    return frames


def save(name: str, frames: list[Array], plays: int = 3) -> None:
    lossless = Metadata(lossless=True)
    images = animation(frames, TIMES[: len(frames)], plays, lossless)
    kind = codec.format_of_suffix(Path(name)) or ""
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_bytes(codec.encode_pages(images, kind, 95))


@pytest.mark.parametrize("wanted", ["keep", *KINDS])
def test_keeps_frames_times_and_repeats_in_every_format(wanted: Format) -> None:
    for kind in KINDS:
        save(f"in/{kind}.{kind}", sprite())
    progress: list[int] = []
    options = UpscaleOptions(format=wanted, verify=True)
    assert count(go("in", options=options, progress=progress.append)) == {"done": 3}
    assert sum(progress) == 3 * 5 * 24 * 32
    for path in map(Path, tree("in_sr")):
        images = read_all(Path("in_sr", path).read_bytes())
        assert [image.timing and image.timing.milliseconds for image in images] == TIMES
        assert {image.timing.plays for image in images if image.timing} == {3}
        if path.stem == "webp" or path.suffix != ".webp":  # the other WebP files are lossy
            larger = [frame.repeat(2, 0).repeat(2, 1) for frame in sprite()]
            assert np.array_equal([as_rgba(image) for image in images], larger)


def test_pillow_finds_the_same_frame_times() -> None:
    frames = [np.broadcast_to(noise(24, 32, 1), (24, 32, 3))] * 5
    for kind in KINDS:
        save(f"in/a.{kind}", frames, plays=0)
    assert count(go("in")) == {"done": 3}
    for kind in KINDS:
        assert times_of_pillow(Path(f"in_sr/a.{kind}").read_bytes()) == (0, TIMES)


def test_a_second_run_does_nothing() -> None:
    save("in/a.gif", sprite())
    assert count(go("in")) == {"done": 1}
    assert count(go("in")) == {"skipped": 1}


def test_a_format_that_cannot_hold_frames_is_refused_before_the_work() -> None:
    save("in/a.gif", sprite())
    results = go("in", options=UpscaleOptions(format="jpg"))
    assert errors(results) == [
        "in/a.gif: jpg cannot hold its 5 frames; use --format gif or png or webp"
    ]
    assert tree("in_sr") == []


def test_a_still_gif_can_become_any_format() -> None:
    still = sprite(3)[:1]
    kinds: tuple[Format, ...] = ("keep", "jpg", "png", "webp", "tif", "bmp")
    for kind in kinds:
        save("in/a.gif", still)
        options = UpscaleOptions(format=kind, verify=True)
        (done,) = go("in", output=f"out_{kind}", options=options)
        assert isinstance(done, Done)


def test_reports_once_what_all_frames_lose() -> None:
    frames = [np.pad(noise(24, 32, 3), ((0, 0), (0, 0), (0, 1)))] * 2
    images = animation(frames, [Fraction(50, 3)] * 2)
    Path("in").mkdir()
    Path("in/a.png").write_bytes(codec.encode_pages(images, "png", 95))
    (done,) = go("in", options=UpscaleOptions(format="gif"))
    assert isinstance(done, Done)
    assert done.notes == ("frame times rounded",)


def test_all_frames_together_count_against_the_limit() -> None:
    save("in/a.gif", sprite())
    pixels = 5 * 24 * 32
    (error,) = errors(go("in", options=UpscaleOptions(max_pixels=pixels - 1)))
    assert f"--max-pixels {pixels}" in error
    assert count(go("in", options=UpscaleOptions(max_pixels=pixels))) == {"done": 1}
