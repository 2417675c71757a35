"""What every format's frames have in common; composition has its own test."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sr_batch.codec import animation
from sr_batch.codec.animation import After, Frame, containers
from sr_batch.codec.container import Container, decode
from sr_batch.core.errors import ImageTooLarge, UnreadableImage
from sr_batch.core.geometry import Region, Size
from sr_batch.core.image import Metadata

CANVAS = Container("png", Size(4, 3), 3, True, 8, 1, Metadata(), tuple)
WHOLE = Region(0, 0, 4, 3)


def frame(
    region: Region = WHOLE, *, alpha: bool = False, over: bool = True, after: After = "keep"
) -> Frame:
    pixels = np.full((region.size.height, region.size.width, 3 + alpha), 200, np.uint8)
    return Frame(region, Fraction(10), alpha, over, after, lambda: ((0, pixels),))


@pytest.mark.parametrize(
    ("frames", "seen_through"),
    [
        ([frame(), frame(Region(1, 1, 2, 2), alpha=True)], False),
        ([frame(), frame(Region(1, 1, 2, 2), alpha=True, over=False)], True),
        ([frame(after="clear"), frame()], False),
        ([frame(after="clear"), frame(Region(0, 0, 4, 2))], True),
        ([frame(after="restore"), frame(Region(0, 0, 4, 2))], True),
        ([frame(), frame(after="restore"), frame(Region(0, 0, 1, 1))], False),
        ([frame(alpha=True), frame()], True),
        ([frame(Region(0, 0, 3, 3)), frame()], True),
    ],
)
def test_has_alpha_only_where_something_can_be_seen_through(
    frames: list[Frame], seen_through: bool
) -> None:
    made = containers(CANVAS, frames, 0)
    assert {container.alpha for container in made} == {seen_through}
    images = [decode(container) for container in made]
    assert all((image.alpha is not None) == seen_through for image in images)


def test_one_frame_is_a_still_picture() -> None:
    (still,) = containers(CANVAS, [frame()], 0)
    assert still.timing is None


@pytest.mark.parametrize(
    "region", [Region(0, 0, 5, 3), Region(3, 1, 4, 4), Region(2, 2, 2, 3), Region(9, 0, 10, 1)]
)
def test_a_frame_beyond_the_canvas_or_without_pixels_is_an_error(region: Region) -> None:
    with pytest.raises(UnreadableImage, match="damaged png"):
        containers(CANVAS, [frame(), replace(frame(), region=region)], 0)
    with pytest.raises(UnreadableImage, match="damaged png"):
        containers(CANVAS, [], 0)


def test_too_many_frames_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "MAX_FRAMES", 3)
    assert len(containers(CANVAS, [frame()] * 3, 0)) == 3
    with pytest.raises(ImageTooLarge, match="over 3 frames"):
        containers(CANVAS, [frame()] * 4, 0)
