import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.core.geometry import Region, Size
from sr_batch.imaging.bicubic import REACH, add_enlarged
from sr_batch.imaging.resample import resize


def enlarged(plane: np.ndarray, factor: int) -> np.ndarray:
    out = np.zeros((plane.shape[0] * factor, plane.shape[1] * factor), np.float32)
    add_enlarged(plane, out)
    return out


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((height, width), dtype=np.float32) - np.float32(0.5)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 2), (3, 2), (70, 9), (129, 150)])
def test_equals_the_general_resize(height: int, width: int, factor: int) -> None:
    plane = noise(height, width)
    expected = resize(plane, Size(width * factor, height * factor), "bicubic")
    assert np.abs(enlarged(plane, factor) - expected).max() < 1e-6


@given(st.data(), st.integers(1, 4))
def test_a_window_gives_the_same_bits_as_the_whole(data: st.DataObject, factor: int) -> None:
    size = Size(150, 140)
    left, right = sorted(data.draw(st.lists(st.integers(0, 150), min_size=2, max_size=2)))
    top, bottom = sorted(data.draw(st.lists(st.integers(0, 140), min_size=2, max_size=2)))
    core = Region(left, top, right, bottom)
    window = Region(left - REACH, top - REACH, right + REACH, bottom + REACH).clamp(size)
    plane = noise(size.height, size.width)
    part = enlarged(plane[window.slices], factor)[(core.relative_to(window) * factor).slices]
    assert np.array_equal(part, enlarged(plane, factor)[(core * factor).slices])


def test_adds_to_what_is_there() -> None:
    plane, out = noise(5, 6), np.ones((10, 12), np.float32)
    add_enlarged(plane, out)
    assert np.array_equal(out, enlarged(plane, 2) + 1)
