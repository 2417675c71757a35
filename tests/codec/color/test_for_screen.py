import numpy as np
import pytest

from sr_batch.codec.color.for_screen import for_screen
from sr_batch.core.image import Image, Metadata
from tests.codec.pictures import srgb_profile
from tests.corpus.profiles import gray_profile, wide_profile


def levels(*rgb: int, dtype: type[np.uint8 | np.uint16] = np.uint8) -> np.ndarray:
    return np.full((20, 20, len(rgb)), rgb, dtype)


def test_plain_pixels_are_shown_as_they_are() -> None:
    color = np.random.default_rng(1).integers(0, 256, (9, 7, 3), np.uint8)
    np.testing.assert_array_equal(for_screen(Image(color)), color)
    tagged = Image(color, metadata=Metadata(icc=srgb_profile()))
    np.testing.assert_allclose(for_screen(tagged), color, atol=1)


def test_16_bit_and_gray_become_8_bit_rgb() -> None:
    deep = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16, 1)
    shown = for_screen(Image(deep))
    assert shown.shape == (16, 16, 3)
    assert shown.dtype == np.uint8
    np.testing.assert_array_equal(shown[..., 1].ravel(), np.arange(256))


def test_a_wide_profile_is_converted() -> None:
    shown = for_screen(Image(levels(0, 200, 0), metadata=Metadata(icc=wide_profile())))
    red, green, blue = shown[0, 0].tolist()
    assert green > 200  # the same green needs more of sRGB's
    assert red == blue == 0


def test_a_gray_profile_is_converted() -> None:
    shown = for_screen(Image(levels(10), metadata=Metadata(icc=gray_profile())))
    assert shown.max() < 10  # a plain power is darker than sRGB's curve near black
    assert np.ptp(shown, axis=2).max() <= 1


@pytest.mark.parametrize("icc", [b"broken", gray_profile(), srgb_profile()[:200]])
def test_a_profile_that_does_not_fit_is_ignored(icc: bytes) -> None:
    color = levels(10, 200, 90)
    np.testing.assert_array_equal(for_screen(Image(color, metadata=Metadata(icc=icc))), color)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_transparent_pixels_show_a_checkerboard(dtype: type[np.uint8 | np.uint16]) -> None:
    most = np.iinfo(dtype).max
    alpha = np.zeros((20, 20), dtype)
    alpha[:, 10:] = most
    shown = for_screen(Image(levels(most, 0, 0, dtype=dtype), alpha))
    assert (shown[:, 10:] == (255, 0, 0)).all()
    assert set(np.unique(shown[:, :10])) == {204, 255}
