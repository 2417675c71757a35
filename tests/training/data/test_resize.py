"""The torch resampler against MATLAB's imresize written out as a matrix."""

import numpy as np
import pytest

from training.data.resize import crop_to_multiple, downscale, upscale


def cubic(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0))


def imresize_matrix(size: int, factor: float) -> np.ndarray:
    """(out, in): MATLAB's weights along one axis, symmetric border, antialiased when shrinking."""
    out = round(size * factor)
    stretch = min(factor, 1.0)
    centres = (np.arange(out) + 0.5) / factor - 0.5
    reach = int(np.ceil(4 / stretch)) + 2
    matrix = np.zeros((out, size))
    for row, centre in enumerate(centres):
        taps = np.arange(int(np.floor(centre)) - reach, int(np.floor(centre)) + reach + 1)
        weights = stretch * cubic(stretch * (centre - taps))
        mirrored = np.concatenate([np.arange(size), np.arange(size)[::-1]])[taps % (2 * size)]
        np.add.at(matrix[row], mirrored, weights / weights.sum())
    return matrix


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_downscales_as_matlab_does(scale: int) -> None:
    image = np.random.default_rng(scale).integers(0, 256, (24 * scale, 17 * scale, 3), np.uint8)
    rows, columns = (imresize_matrix(side, 1 / scale) for side in image.shape[:2])
    expected = np.einsum("ih,hwc,jw->cij", rows, image.astype(float), columns)
    np.testing.assert_allclose(downscale(image, scale).numpy(), expected, atol=2e-3)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_upscales_as_matlab_does(scale: int) -> None:
    image = np.random.default_rng(scale).integers(0, 256, (19, 23, 1), np.uint8)
    rows, columns = (imresize_matrix(side, scale) for side in image.shape[:2])
    expected = np.einsum("ih,hwc,jw->cij", rows, image.astype(float), columns)
    np.testing.assert_allclose(upscale(image, scale).numpy(), expected, atol=2e-3)


def test_crops_bottom_and_right() -> None:
    image = np.arange(7 * 5).reshape(7, 5, 1)
    assert np.array_equal(crop_to_multiple(image, 3), image[:6, :3])
