from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sr_batch.core.errors import BadOutput
from sr_batch.core.geometry import Size, Tile
from sr_batch.core.image import Image, Metadata
from sr_batch.imaging.resample import resize
from sr_batch.inference.session import Batch
from sr_batch.upscaling.tile_pass import upscale
from sr_batch.upscaling.tiling import plan_tiles
from tests.imaging.ycbcr import rgb_to_ycbcr_studio, ycbcr_studio_to_rgb
from tests.networks import NearestSession


def run_serially(work: Callable[[Tile], None], tiles: Sequence[Tile]) -> None:
    for tile in tiles:
        work(tile)


def enlarge(image: Image, session: Any, mode: Any = "rgb", core: int = 0) -> Image:
    tiles = plan_tiles(image.size, core, session.spec.overlap, session.spec.multiple)
    return upscale(image, session, tiles, mode, run_serially)


def repeated(pixels: np.ndarray, scale: int) -> np.ndarray:
    return pixels.repeat(scale, 0).repeat(scale, 1)


class BrightSession(NearestSession):
    """Adds a little, so that it matters in which range it works."""

    def __call__(self, batch: Batch) -> Batch:
        return super().__call__(batch) * np.float32(0.9) + np.float32(0.05)


class BrokenSession(NearestSession):
    """One value of its output is ``fault``."""

    def __init__(self, fault: float, at: tuple[int, int]) -> None:
        super().__init__()
        self.fault, self.at = fault, at

    def __call__(self, batch: Batch) -> Batch:
        out = super().__call__(batch)
        out[:, -1, *self.at] = self.fault
        return out


@st.composite
def images(draw: st.DrawFn) -> Image:
    shape = draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    kind = draw(st.sampled_from([np.uint8, np.uint16]))
    color = draw(hnp.arrays(kind, (*shape, draw(st.sampled_from([1, 3])))))
    alpha = draw(st.none() | hnp.arrays(kind, shape))
    return Image(color, alpha)


@settings(max_examples=100)
@given(
    images(),
    st.integers(1, 4),
    st.sampled_from(["rgb", "y"]),
    st.integers(1, 5),
    st.integers(0, 8),
)
def test_repeating_pixels_keeps_their_values(
    image: Image, scale: int, color: str, multiple: int, core: int
) -> None:
    """Floats, luma, padding and tiles never change an integer."""
    out = enlarge(image, NearestSession(scale, color, multiple), "rgb", core)
    assert out.color.dtype == image.color.dtype
    assert np.array_equal(out.color, repeated(image.color, scale))
    if image.alpha is None:
        assert out.alpha is None
    else:
        assert out.alpha is not None
        assert out.alpha.dtype == image.alpha.dtype
        assert np.array_equal(out.alpha, repeated(image.alpha, scale))


def test_keeps_metadata_and_format() -> None:
    metadata = Metadata(icc=b"profile", exif=b"II", dpi=(300, 300))
    image = Image(np.zeros((2, 2, 3), np.uint8), None, metadata, "tif")
    out = enlarge(image, NearestSession())
    assert (out.metadata, out.format) == (metadata, "tif")


def noise(*shape: int, kind: Any = np.uint8) -> np.ndarray:
    return np.random.default_rng(1).integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)


@pytest.mark.parametrize("core", [0, 5])
@pytest.mark.parametrize("color", ["rgb", "y"])
def test_luma_mode_equals_a_detour_through_ycbcr(core: int, color: str) -> None:
    image = Image(noise(13, 17, 3))
    ycbcr = rgb_to_ycbcr_studio((image.color / 255).astype(np.float32))
    chroma = resize(ycbcr, Size(34, 26), "bicubic")
    luma = enlarge(Image(np.rint(65535 * gray(image)).astype(np.uint16)), BrightSession(2, color))
    chroma[..., 0] = luma.color[..., 0] / 65535 * 219 / 255 + 16 / 255
    expected = ycbcr_studio_to_rgb(chroma).clip(0, 1) * 255
    tiles = plan_tiles(image.size, core, 2, 1)
    out = upscale(image, BrightSession(2, color), tiles, "y", run_serially)
    assert np.abs(out.color - expected).max() <= 0.51


def gray(image: Image) -> np.ndarray:
    """Full-range luma (H, W, 1), 0..1."""
    weights = np.array([65.481, 128.553, 24.966]) / 219
    return image.color / image.levels @ weights[:, None]


def test_an_rgb_network_in_luma_mode_sees_luma_three_times() -> None:
    seen: list[Batch] = []

    class Spy(NearestSession):
        def __call__(self, batch: Batch) -> Batch:
            seen.append(batch)
            return super().__call__(batch)

    image = Image(noise(8, 9, 3))
    enlarge(image, Spy(2, "rgb"), "y")
    (batch,) = seen
    assert np.allclose(batch[0], gray(image).transpose(2, 0, 1).repeat(3, 0), atol=1e-6)


@pytest.mark.parametrize("color", ["rgb", "y"])
@pytest.mark.parametrize("mode", ["rgb", "y"])
def test_gray_equals_three_equal_channels(color: str, mode: str) -> None:
    pixels = noise(9, 7, 1)
    one = enlarge(Image(pixels), BrightSession(3, color), mode)
    three = enlarge(Image(pixels.repeat(3, axis=2)), BrightSession(3, color), mode)
    assert np.array_equal(one.color.repeat(3, axis=2), three.color)


def test_a_luma_network_in_colour_mode_runs_on_each_channel() -> None:
    image = Image(noise(9, 7, 3))
    out = enlarge(image, BrightSession(2, "y"), "rgb")
    for channel in range(3):
        alone = enlarge(Image(image.color[..., channel : channel + 1]), BrightSession(2, "y"))
        assert np.array_equal(out.color[..., channel], alone.color[..., 0])


def test_alpha_goes_through_the_network_as_gray() -> None:
    alpha = noise(9, 7)
    out = enlarge(Image(noise(9, 7, 3), alpha), BrightSession())
    assert out.alpha is not None
    alone = enlarge(Image(alpha[..., None]), BrightSession())
    assert np.array_equal(out.alpha, alone.color[..., 0])


@pytest.mark.parametrize("value", [0, 77, 255])
def test_constant_alpha_is_not_changed(value: int) -> None:
    image = Image(noise(6, 4, 3), np.full((6, 4), value, np.uint8))
    out = enlarge(image, BrightSession())
    assert out.alpha is not None
    assert out.alpha.shape == (12, 8)
    assert (out.alpha == value).all()


def test_sixteen_bits_keep_their_lowest_bits() -> None:
    image = Image(np.arange(40_000, 40_064, dtype=np.uint16).reshape(8, 8, 1))
    out = enlarge(image, BrightSession())
    expected = np.rint(repeated(image.color, 2) * 0.9 + 0.05 * 65535)
    assert np.abs(out.color - expected).max() <= 1
    assert len(np.unique(out.color)) >= 55


def test_values_outside_the_range_are_clipped() -> None:
    class Loud(NearestSession):
        def __call__(self, batch: Batch) -> Batch:
            return super().__call__(batch) * 3 - 1

    image = Image(np.array([[[0], [128], [255]]], np.uint8))
    assert enlarge(image, Loud(1)).color.ravel().tolist() == [0, 129, 255]


@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf])
def test_refuses_nan_and_infinite_values(fault: float) -> None:
    with pytest.raises(BadOutput, match="NaN or infinite"):
        enlarge(Image(noise(8, 8, 3)), BrokenSession(fault, (3, 5)))


def test_refuses_nan_in_alpha() -> None:
    class BrokenGray(BrokenSession):
        def __call__(self, batch: Batch) -> Batch:
            is_gray = np.array_equal(batch[:, 0], batch[:, 1])
            return super().__call__(batch) if is_gray else NearestSession.__call__(self, batch)

    image = Image(noise(8, 8, 3), noise(8, 8))
    with pytest.raises(BadOutput, match="NaN or infinite"):
        enlarge(image, BrokenGray(np.nan, (0, 0)))


def test_pads_to_the_multiple_with_the_border_pixels() -> None:
    seen: list[Batch] = []

    class Spy(NearestSession):
        def __call__(self, batch: Batch) -> Batch:
            seen.append(batch)
            return super().__call__(batch)

    image = Image(noise(5, 6, 3))
    enlarge(image, Spy(multiple=4))
    (batch,) = seen
    padded = np.pad(image.color, ((0, 3), (0, 2), (0, 0)), mode="edge")
    assert np.allclose(batch[0], padded.transpose(2, 0, 1) / 255)
