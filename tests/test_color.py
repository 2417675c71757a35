import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sr_batch.color import rgb_to_y_studio, rgb_to_ycbcr_studio, ycbcr_studio_to_rgb

PICTURES = arrays(np.float32, (3, 4, 3), elements=st.floats(0, 1, width=32))


@given(PICTURES)
def test_returns_to_where_it_came_from(rgb: np.ndarray) -> None:
    np.testing.assert_allclose(ycbcr_studio_to_rgb(rgb_to_ycbcr_studio(rgb)), rgb, atol=2e-6)


@given(PICTURES)
def test_luma_is_the_first_plane(rgb: np.ndarray) -> None:
    np.testing.assert_allclose(rgb_to_y_studio(rgb), rgb_to_ycbcr_studio(rgb)[..., 0], atol=1e-6)


@pytest.mark.parametrize(
    ("rgb", "ycbcr"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (81.481, 90.203, 240)),
        ((0, 0, 255), (40.966, 240, 109.786)),
    ],
)
def test_agrees_with_matlab(rgb: tuple[float, ...], ycbcr: tuple[float, ...]) -> None:
    found = rgb_to_ycbcr_studio(np.array([[rgb]], np.float32) / 255) * 255
    np.testing.assert_allclose(found[0, 0], ycbcr, atol=1e-3)
