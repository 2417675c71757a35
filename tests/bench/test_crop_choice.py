import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.bench.crop_choice import detailed_spots
from sr_batch.core.geometry import Region, Size

SIDE = st.integers(1, 150)


def gray(height: int, width: int, level: int = 128) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def noisy(picture: np.ndarray, sigma: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.rint(picture + noise).clip(0, 255).astype(np.uint8)


def overlap(one: Region, other: Region) -> bool:
    apart = one.right <= other.left or other.right <= one.left
    return not (apart or one.bottom <= other.top or other.bottom <= one.top)


@given(st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE), st.integers(1, 4), st.integers(0, 3))
def test_spots_are_inside_apart_and_always_the_same(
    picture: tuple[int, int], wanted: tuple[int, int], count: int, seed: int
) -> None:
    pixels = noisy(gray(*picture), 40, seed)
    size = Size(*wanted)
    spots = detailed_spots(pixels, size, count)
    assert 1 <= len(spots) <= count
    assert spots == detailed_spots(pixels, size, count)
    assert spots[:1] == detailed_spots(pixels, size)
    for number, spot in enumerate(spots):
        assert spot == spot.clamp(Size(picture[1], picture[0]))
        assert spot.size == Size(min(size.width, picture[1]), min(size.height, picture[0]))
        assert not any(overlap(spot, other) for other in spots[:number])


@pytest.mark.parametrize("channels", [1, 3])
def test_prefers_texture_to_noise_of_twice_its_contrast(channels: int) -> None:
    picture = gray(256, 512)
    picture[:, :256] = noisy(picture[:, :256], 30)
    fabric = np.random.default_rng(2).integers(0, 2, (32, 32, 1), np.uint8).repeat(4, 0)
    picture[64:192, 320:448] += fabric.repeat(4, 1) * 14
    (found,) = detailed_spots(picture[..., :channels], Size(96, 96))
    assert overlap(found, Region(330, 74, 438, 182))


def test_prefers_texture_to_a_single_hard_edge() -> None:
    picture = gray(256, 512, 0)
    picture[:, 128:256] = 255
    picture[64:192, 320:448:4] = 90
    picture[64:192, 321:448:4] = 90
    found = detailed_spots(picture, Size(96, 96))[0]
    assert found.left >= 256


def test_a_picture_without_detail_shows_its_middle() -> None:
    (spot,) = detailed_spots(gray(400, 600), Size(96, 96))
    assert abs(spot.left - 252) <= 16
    assert abs(spot.top - 152) <= 16


def test_stays_away_from_the_border() -> None:
    picture = gray(300, 300)
    picture[:9] = np.arange(300, dtype=np.uint8)[None, :, None] % 2 * 255
    (spot,) = detailed_spots(picture, Size(96, 96))
    assert spot.top >= 9


def test_the_depth_does_not_matter() -> None:
    picture = noisy(gray(200, 300), 30)
    picture[50:120, 160:250:3] = 255
    size = Size(64, 48)
    assert detailed_spots(picture, size, 3) == detailed_spots(picture * np.uint16(257), size, 3)
