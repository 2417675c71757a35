import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sr_batch.imaging.color import (
    gray_to_y_studio,
    planes_to_luma,
    rgb_to_y_studio,
    y_studio_to_gray,
)
from tests.imaging.ycbcr import rgb_to_ycbcr_studio, ycbcr_studio_to_rgb

PICTURES = arrays(np.float32, (3, 4, 3), elements=st.floats(0, 1, width=32))


@given(PICTURES)
def test_ycbcr_round_trip_returns_the_picture(rgb: np.ndarray) -> None:
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
    found = rgb_to_ycbcr_studio(np.array([[rgb]], np.float32) / np.float32(255)) * 255
    np.testing.assert_allclose(found[0, 0], ycbcr, atol=1e-3)


@given(PICTURES)
def test_gray_of_planes_has_the_luma_of_the_picture(rgb: np.ndarray) -> None:
    luma = planes_to_luma(np.moveaxis(rgb, -1, 0))
    np.testing.assert_allclose(gray_to_y_studio(luma), rgb_to_y_studio(rgb), atol=1e-6)


@given(PICTURES)
def test_gray_round_trip_through_studio_range(rgb: np.ndarray) -> None:
    gray = rgb[..., 0]
    np.testing.assert_allclose(y_studio_to_gray(gray_to_y_studio(gray)), gray, atol=1e-6)


def test_gray_spans_the_studio_range() -> None:
    ends = gray_to_y_studio(np.array([[0, 1]], np.float32)) * 255
    np.testing.assert_allclose(ends, [[16, 235]], atol=1e-4)
