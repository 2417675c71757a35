import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.core.geometry import Size
from sr_batch.imaging.color_lock import lock_colors
from sr_batch.imaging.resample import resize
from tests.codec.pictures import noise, smooth


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("levels", [1, 257])
def test_undoes_a_shift_of_the_whole_picture(channels: int, levels: int) -> None:
    source = (smooth(70, 90, channels) // 2 + 64).astype(int) * levels
    enlarged = source.repeat(2, 0).repeat(2, 1)
    shift = np.arange(1, channels + 1) * 9 * levels
    dtype = np.uint8 if levels == 1 else np.uint16
    locked = lock_colors((enlarged + shift).astype(dtype), source.astype(dtype))
    assert locked.dtype == dtype
    assert np.abs(locked.astype(int) - enlarged).max() <= levels


def test_undoes_a_shift_that_grows_across_the_picture() -> None:
    source = np.full((160, 160, 3), 100, np.uint8)
    ramp = np.linspace(0, 60, 320)[None, :, None]
    enlarged = (source.repeat(2, 0).repeat(2, 1) + np.rint(ramp)).astype(np.uint8)
    inside = lock_colors(enlarged, source)[:, 32:-32].astype(int)
    assert np.abs(inside - 100).max() <= 1


def test_leaves_the_detail_alone() -> None:
    """What it adds is smooth: no neighbour differs by more than a step of its rounding."""
    source = smooth(96, 96, 3) // 2 + 60
    enlarged = np.clip(source.repeat(2, 0).repeat(2, 1) + noise(192, 192, 3) % 20, 0, 255)
    enlarged = enlarged.astype(np.uint8)
    added = lock_colors(enlarged, source.astype(np.uint8)).astype(int) - enlarged
    assert np.abs(np.diff(added, axis=0)).max() <= 1
    assert np.abs(np.diff(added, axis=1)).max() <= 1


def test_stays_within_the_range() -> None:
    white = np.full((40, 40, 1), 255, np.uint8)
    dots = np.where(noise(80, 80, 1) < 60, 0, 255).astype(np.uint8)
    locked = lock_colors(dots, white)
    assert (locked[dots == 255] == 255).all()
    assert (locked[dots == 0] > 0).all()


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    scale=st.floats(1, 4),
    channels=st.sampled_from([1, 3]),
)
def test_unshifted_colors_stay(height: int, width: int, scale: float, channels: int) -> None:
    """At every size, down to one pixel."""
    source = np.full((height, width, channels), 77, np.uint8)
    shape = (round(height * scale), round(width * scale))
    enlarged = np.full((*shape, channels), 77, np.uint8)
    assert (lock_colors(enlarged, source) == 77).all()


def test_a_good_enlargement_changes_by_little() -> None:
    source = smooth(120, 150, 3)
    enlarged = source.repeat(2, 0).repeat(2, 1)
    locked = lock_colors(enlarged, source)
    assert np.abs(locked.astype(int) - enlarged).max() <= 1
    small = resize(np.ascontiguousarray(locked), Size(150, 120), "bicubic")
    assert np.abs(small.astype(int) - source).mean() < 1
