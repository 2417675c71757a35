import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.codec.strips import strips, whole
from sr_batch.core.image import Image
from tests.codec.pictures import merged, picture


@pytest.mark.parametrize("rows", [1, 4, 13, 99])
@pytest.mark.parametrize("alpha", [False, True])
def test_strips_make_the_whole(rows: int, alpha: bool) -> None:
    image = picture(3, alpha, 16)
    parts = list(strips(image, rows, alpha=True))
    assert all(part.flags.c_contiguous for part in parts)
    assert [len(part) for part in parts[:-1]] == [rows] * (len(parts) - 1)
    assert np.array_equal(np.concatenate(parts), merged(image))


@given(st.integers(0, 65535))
def test_rounds_sixteen_bit_to_the_nearest_level(value: int) -> None:
    image = Image(np.full((1, 1, 1), value, np.uint16))
    (part,) = strips(image, 1, alpha=False, depth=8)
    assert part.dtype == np.uint8
    assert part.item() == round(value / 257)


def test_every_level_survives_sixteen_bit_and_back() -> None:
    levels = np.arange(256, dtype=np.uint16).reshape(1, 256, 1)
    (part,) = strips(Image(levels * 257), 1, alpha=False, depth=8)
    assert np.array_equal(part, levels)


@given(st.integers(0, 255), st.integers(0, 255), st.sampled_from([8, 16]))
def test_flattens_on_white(color: int, alpha: int, depth: int) -> None:
    factor, dtype = (1, np.uint8) if depth == 8 else (257, np.uint16)
    image = Image(np.full((1, 1, 3), color * factor, dtype), np.full((1, 1), alpha * factor, dtype))
    (part,) = strips(image, 1, alpha=False, depth=8)
    exact = 255 - (255 - color) * alpha / 255
    assert np.abs(part - exact).max() <= 0.502


def test_transparent_is_white_and_opaque_stays() -> None:
    image = Image(np.full((1, 2, 3), 40, np.uint8), np.array([[0, 255]], np.uint8))
    (part,) = strips(image, 1, alpha=False)
    assert part[0].tolist() == [[255] * 3, [40] * 3]


@pytest.mark.parametrize(("channels", "samples"), [(1, 4), (3, 4)])
def test_gray_with_alpha_in_one_piece_is_colour(channels: int, samples: int) -> None:
    image = picture(channels, True, 16)
    pixels = whole(image, depth=None)
    assert pixels.shape[2] == samples
    assert np.array_equal(pixels[..., 3], merged(image)[..., -1])
    assert np.array_equal(pixels[..., :3], np.broadcast_to(image.color, pixels[..., :3].shape))
    assert whole(picture(1, False, 16), depth=8).shape[2] == 1
