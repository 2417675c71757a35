import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.core.errors import ImageTooLarge, UsageError
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.target_size import MAX_SCALE, Goal

sizes = st.builds(Size, st.integers(50, 20_000), st.integers(50, 20_000))
pixels = st.integers(200, 3000)


@given(sizes, pixels)
def test_a_side_is_met_exactly(size: Size, wanted: int) -> None:
    assert Goal(width=wanted).size_of(size).width == wanted
    assert Goal(height=wanted).size_of(size).height == wanted
    long, short = Goal(long_edge=wanted).size_of(size), Goal(short_edge=wanted).size_of(size)
    assert max(long.width, long.height) == wanted
    assert min(short.width, short.height) == wanted


@given(sizes, pixels, pixels)
def test_an_output_fills_its_box(size: Size, width: int, height: int) -> None:
    out = Goal(width=width, height=height).size_of(size)
    assert out.width <= width
    assert out.height <= height
    assert out.width == width or out.height == height


@given(sizes, st.floats(0.1, 9))
def test_megapixels_are_met(size: Size, megapixels: float) -> None:
    out = Goal(megapixels=megapixels).size_of(size)
    assert math.isclose(out.pixels, megapixels * 1e6, rel_tol=0.05)


@given(sizes, pixels)
def test_proportions_are_kept(size: Size, wanted: int) -> None:
    out = Goal(long_edge=wanted).size_of(size)
    assert abs(out.width * size.height / size.width - out.height) <= 1 + size.height / size.width


@given(sizes, pixels)
def test_only_if_smaller_reduces_no_image(size: Size, wanted: int) -> None:
    goal = Goal(short_edge=wanted, only_if_smaller=True)
    assert goal.leaves(size) == (min(size.width, size.height) >= wanted)
    assert goal.factor(size) >= 1
    assert not Goal(short_edge=wanted).leaves(size)


@pytest.mark.parametrize(
    ("goal", "tag"),
    [
        (Goal(), "x2"),
        (Goal(scale=1.5), "x1.5"),
        (Goal(long_edge=3000), "long3000"),
        (Goal(width=800, height=600), "w800h600"),
        (Goal(megapixels=12.5), "mp12.5"),
    ],
)
def test_states_the_size_in_names(goal: Goal, tag: str) -> None:
    assert goal.tag == tag


def test_the_default_is_2_and_the_limit_64() -> None:
    assert Goal().size_of(Size(30, 20)) == Size(60, 40)
    assert Goal(width=640).factor(Size(10, 10)) == MAX_SCALE
    with pytest.raises(ImageTooLarge, match="10x9 would have to be enlarged 300 times"):
        Goal(width=3000).factor(Size(10, 9))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "--width 0: must be above 0 and at most 1000000"),
        ({"megapixels": -1.0}, "--megapixels -1: must be"),
        ({"long_edge": 10**7}, "--long-edge 10000000: must be"),
        ({"scale": 2.0, "width": 5}, "--scale and --width cannot be combined"),
        ({"width": 2, "long_edge": 5}, "--width and --long-edge cannot be combined"),
        ({"width": 2, "height": 2, "megapixels": 1.0}, "cannot be combined: use only one"),
    ],
)
def test_refuses_invalid_sizes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        UpscaleOptions(**options)
