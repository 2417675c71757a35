from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from sr_batch.core.geometry import Size
from sr_batch.imaging.resample import Method, bleed, resize

METHODS: list[Method] = ["bicubic", "lanczos"]
FILTERS = {"bicubic": Pillow.Resampling.BICUBIC, "lanczos": Pillow.Resampling.LANCZOS}
SIZES = st.builds(Size, st.integers(1, 40), st.integers(1, 40))


def noise(height: int, width: int, channels: int = 3) -> npt.NDArray[np.float32]:
    return np.random.default_rng(0).random((height, width, channels), np.float32)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [Size(40, 33), Size(166, 122), Size(200, 90), Size(83, 61)])
def test_equals_pillow_away_from_the_border(size: Size, method: Method) -> None:
    """Pillow has the same kernels and the same antialiasing, but cuts them off at the border."""
    pixels = noise(61, 83)
    expected = [
        np.asarray(
            Pillow.fromarray(pixels[..., c]).resize((size.width, size.height), FILTERS[method])
        )
        for c in range(3)
    ]
    inside = slice(10, -10)
    difference = resize(pixels, size, method) - np.dstack(expected)
    assert np.abs(difference[inside, inside]).max() < 1e-6


def test_has_the_weights_of_matlab() -> None:
    """Those that imresize gives a single bright pixel, twice as large and half as large."""
    row = np.array([[0, 0, 1, 0, 0, 0]], np.float32)
    near, next_, third, last = 0.8671875, 0.2265625, -0.0703125, -0.0234375
    up = resize(row, Size(12, 1), "bicubic")[0]
    side = [last, third, next_, near]
    assert up == pytest.approx([0, *side, *side[::-1], 0, 0, 0], abs=1e-7)
    down = resize(row, Size(3, 1), "bicubic")[0]
    # The first output also sees the pixel mirrored at the border, 3.5 pixels away.
    assert down == pytest.approx([(next_ + last) / 2, near / 2, third / 2], abs=1e-7)


@pytest.mark.parametrize("method", METHODS)
@given(size=SIZES, target=SIZES, level=st.integers(0, 255))
def test_keeps_a_flat_picture_flat(method: Method, size: Size, target: Size, level: int) -> None:
    flat = np.full((size.height, size.width, 3), level, np.uint8)
    resized = resize(flat, target, method)
    assert resized.shape == (target.height, target.width, 3)
    assert (resized == level).all()


@pytest.mark.parametrize("method", METHODS)
@given(size=SIZES, target=SIZES)
def test_turns_and_mirrors_with_the_picture(method: Method, size: Size, target: Size) -> None:
    pixels = noise(size.height, size.width, 2)
    there = resize(pixels, target, method)
    turned = resize(pixels.transpose(1, 0, 2), Size(target.height, target.width), method)
    assert np.allclose(turned.transpose(1, 0, 2), there, atol=1e-5)
    assert np.allclose(resize(pixels[:, ::-1], target, method)[:, ::-1], there, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_size_gives_the_same_pixels(method: Method) -> None:
    pixels = (noise(130, 300) * 65535).astype(np.uint16)
    assert np.array_equal(resize(pixels, Size(300, 130), method), pixels)


@pytest.mark.parametrize("method", METHODS)
def test_block_borders_are_invisible(method: Method) -> None:
    pixels = noise(210, 520, 1)
    whole = resize(pixels, Size(780, 315), method)
    # The same row and column pattern from a crop whose borders lie elsewhere.
    part = resize(pixels[40:, 100:], Size(630, 255), method)
    assert np.abs(whole[70:, 160:] - part[10:, 10:]).max() < 1e-6


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_rounds_to_nearest_and_clips(dtype: type[np.uint8 | np.uint16]) -> None:
    limit = int(np.iinfo(dtype).max)
    pixels = np.full((20, 20, 3), limit, dtype)
    pixels[noise(20, 20) < 0.5] = 0
    exact = resize(pixels.astype(np.float32), Size(37, 45), "lanczos")
    assert exact.min() < 0
    assert exact.max() > limit
    rounded = resize(pixels, Size(37, 45), "lanczos")
    assert rounded.dtype == dtype
    assert np.abs(rounded - exact.clip(0, limit)).max() <= 0.5


def test_takes_planes() -> None:
    plane = noise(20, 30, 1)[..., 0]
    resized = resize(plane, Size(13, 17), "lanczos")
    assert np.array_equal(resized, resize(plane[..., None], Size(13, 17), "lanczos")[..., 0])


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((8, 4000), np.uint8)
    stripes[:, ::2] = 255
    shrunk = resize(stripes, Size(401, 8), "lanczos")
    assert np.abs(shrunk[:, 5:-5].astype(int) - 127.5).max() < 3


Array = npt.NDArray[Any]


@st.composite
def cutouts(draw: st.DrawFn) -> tuple[Array, Array]:
    height, width, seed = (
        draw(st.integers(1, 30)),
        draw(st.integers(1, 30)),
        draw(st.integers(0, 99)),
    )
    dtype, limit = draw(st.sampled_from([(np.uint8, 255), (np.uint16, 65535)]))
    rng = np.random.default_rng(seed)
    alpha = rng.integers(0, limit, (height, width)) * (
        rng.random((height, width)) < draw(st.floats(0, 1))
    )
    return rng.integers(0, limit + 1, (height, width, 3)).astype(dtype), alpha.astype(dtype)


@given(cutouts())
def test_bleeding_changes_only_transparent_pixels(cutout: tuple[Array, Array]) -> None:
    color, alpha = cutout
    before = color.copy()
    result = bleed(color, alpha)
    assert np.array_equal(color, before)
    assert result.dtype == color.dtype
    assert np.array_equal(result[alpha > 0], color[alpha > 0])


@given(cutouts())
def test_bleeding_stays_between_the_colours_seen(cutout: tuple[Array, Array]) -> None:
    color, alpha = cutout
    seen = color[alpha > 0]
    if len(seen):
        hidden = bleed(color, alpha)[alpha == 0]
        assert (hidden >= seen.min(axis=0)).all()
        assert (hidden <= seen.max(axis=0)).all()


def test_bleeding_spreads_the_one_colour_everywhere() -> None:
    color, alpha = np.zeros((301, 205, 3), np.uint8), np.zeros((301, 205), np.uint8)
    color[250, 3], alpha[250, 3] = (200, 100, 50), 1
    assert (bleed(color, alpha) == (200, 100, 50)).all()


def test_bleeding_takes_the_nearer_colour() -> None:
    color, alpha = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
    color[:, :8], color[:, -8:] = (200, 0, 0), (0, 0, 200)
    alpha[:, :8] = alpha[:, -8:] = 255
    result = bleed(color, alpha)
    assert (result[:, 8:16, 0] > result[:, 8:16, 2]).all()
    assert (result[:, 48:56, 2] > result[:, 48:56, 0]).all()


def test_bleeding_needs_visible_and_transparent_pixels() -> None:
    color = np.zeros((4, 5, 3), np.uint8)
    for value in (0, 9):
        assert bleed(color, np.full((4, 5), value, np.uint8)) is color


def test_bleeding_ends_fringes() -> None:
    """White on black transparency, enlarged: without bleeding its rim turns gray."""
    color, alpha = np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), np.uint8)
    color[6:14, 6:14], alpha[6:14, 6:14] = 255, 255
    size = Size(40, 40)
    rim = resize(alpha, size, "lanczos") > 20
    assert resize(color, size, "lanczos")[rim].min() < 128
    assert resize(bleed(color, alpha), size, "lanczos")[rim].min() == 255
