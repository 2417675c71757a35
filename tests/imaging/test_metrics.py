import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from sr_batch.imaging.metrics import crop_border, psnr, ssim


@pytest.fixture
def planes() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    hr = np.add.outer(np.arange(40.0), np.arange(53.0)) * 2 + random.normal(0, 20, (40, 53))
    return np.clip(hr + random.normal(0, 5, hr.shape), 0, 255), np.clip(hr, 0, 255)


def test_psnr_equals_skimage(planes: tuple[np.ndarray, np.ndarray]) -> None:
    sr, hr = planes
    assert psnr(sr, hr) == pytest.approx(peak_signal_noise_ratio(hr, sr, data_range=255))


def test_ssim_equals_skimage(planes: tuple[np.ndarray, np.ndarray]) -> None:
    sr, hr = planes
    _, similarity = structural_similarity(
        hr,
        sr,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
        full=True,
    )
    assert ssim(sr, hr) == pytest.approx(similarity[5:-5, 5:-5].mean(), abs=1e-9)


def test_ssim_of_a_tall_plane_equals_skimage() -> None:
    hr = np.random.default_rng(2).uniform(0, 255, (170, 40))
    sr = hr * 0.9
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    _, similarity = structural_similarity(hr, sr, data_range=255, full=True, **options)
    assert ssim(sr, hr) == pytest.approx(similarity[5:-5, 5:-5].mean(), abs=1e-9)


def test_equal_planes_are_perfect(planes: tuple[np.ndarray, np.ndarray]) -> None:
    _, hr = planes
    assert psnr(hr, hr) == math.inf
    assert ssim(hr, hr) == pytest.approx(1)


def test_ignores_the_border() -> None:
    hr = np.full((20, 20), 100.0)
    sr = hr.copy()
    sr[0], sr[:, -1] = 0, 0
    assert psnr(sr, hr, border=1) == math.inf
    assert crop_border(hr, 3).shape == (14, 14)


def test_does_not_wrap_unsigned_differences() -> None:
    low, high = np.full((4, 4), 10, np.uint8), np.full((4, 4), 20, np.uint8)
    assert psnr(low, high) == psnr(high, low) == pytest.approx(28.13, abs=0.01)
