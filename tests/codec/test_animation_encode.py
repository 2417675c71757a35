from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch.codec.animation_encode import Clock, bounds, changed
from sr_batch.core.geometry import Region
from sr_batch.core.image import Image, Timing
from tests.codec.pictures import noise


def shown_for(milliseconds: Fraction | int) -> Image:
    return Image(np.zeros((1, 1, 3), np.uint8), timing=Timing(Fraction(milliseconds), 0))


def ticks(clock: Clock, times: Sequence[Fraction | int]) -> list[int]:
    return [clock.ticks(shown_for(time)) for time in times]


@given(st.lists(st.integers(0, 65535)))
def test_whole_ticks_are_exact(times: list[int]) -> None:
    assert ticks(Clock(10, 65535, least=2), [10 * time for time in times]) == times


@settings(max_examples=30)
@given(st.lists(st.fractions(20, 10_000), min_size=1, max_size=9))
def test_an_animation_keeps_its_length(times: list[Fraction]) -> None:
    counted = ticks(Clock(10, 65535, least=2), times)
    assert abs(10 * sum(counted) - sum(times, Fraction(0))) <= 10
    assert min(counted) >= 2


def test_fast_frames_get_the_shortest_time_of_players() -> None:
    sixtieth = Fraction(1000, 60)
    assert ticks(Clock(10, 65535, least=2), [sixtieth] * 4) == [2, 2, 2, 2]
    assert ticks(Clock(1, 2**24 - 1), [sixtieth] * 6) == [17, 16, 17, 17, 16, 17]
    assert ticks(Clock(10, 65535), [10**9]) == [65535]


@pytest.mark.parametrize(
    ("time", "rounded"),
    [(20, False), (25, True), (Fraction(100, 3), True), (655_350, False), (655_360, True)],
)
def test_reports_rounded_times(time: Fraction | int, rounded: bool) -> None:
    assert Clock(10, 65535).rounds(shown_for(time)) == rounded


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_bounds_are_the_smallest(height: int, width: int, data: st.DataObject) -> None:
    mask = np.zeros((height, width), bool)
    places = st.tuples(st.integers(0, height - 1), st.integers(0, width - 1))
    for place in data.draw(st.lists(places, max_size=3)):
        mask[place] = True
    region = bounds(mask)
    inside = mask[region.slices]
    assert inside.sum() == mask.sum()
    if mask.any():
        assert inside[0].any() and inside[-1].any()
        assert inside[:, 0].any() and inside[:, -1].any()
    else:
        assert region == Region(0, 0, 1, 1)


def test_finds_what_has_changed_in_colour_and_in_alpha() -> None:
    color, alpha = noise(6, 8, 3), noise(6, 8)
    other, clearer = color.copy(), alpha.copy()
    other[2, 3, 1] ^= 1
    clearer[4, 5] ^= 1
    assert changed(None, Image(color)) == Region(0, 0, 8, 6)
    assert changed(Image(color), Image(color)) == Region(0, 0, 1, 1)
    assert changed(Image(color), Image(other)) == Region(3, 2, 4, 3)
    assert changed(Image(color, alpha), Image(other, clearer)) == Region(3, 2, 6, 5)
