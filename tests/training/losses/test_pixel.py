import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from training.data.resize import downscale
from training.losses.pixel import (
    LOSSES,
    charbonnier,
    consistency,
    describe,
    fft,
    gradient,
    luma,
    mesh,
    psnr,
    ssim,
    total,
)


def images(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sr, hr = torch.rand(2, 2, 3, 20, 24, generator=generator)
    return sr, hr


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_is_least_for_equal_images_and_has_a_gradient(name: str) -> None:
    sr, hr = images()
    assert LOSSES[name](hr, hr) < LOSSES[name](sr, hr)
    assert LOSSES[name](hr, hr) == pytest.approx(1e-3 if name == "charbonnier" else 0, abs=1e-6)
    sr.requires_grad_()
    LOSSES[name](sr, hr).backward()
    assert sr.grad is not None
    assert torch.isfinite(sr.grad).all()
    assert sr.grad.abs().sum() > 0


def test_ssim_is_that_of_scikit_image() -> None:
    sr, hr = images(1)
    expected = structural_similarity(
        sr[0].numpy(), hr[0].numpy(), channel_axis=0, data_range=1, full=True,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )[1][:, 5:-5, 5:-5]  # fmt: skip
    assert 1 - ssim(sr[:1], hr[:1]).item() == pytest.approx(np.mean(expected), abs=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_psnr_is_60_decibels_minus_the_mean_over_patches(channels: int) -> None:
    hr = torch.zeros(2, channels, 8, 8)
    sr = hr.clone()
    sr[0] += 0.1  # 20 dB
    sr[1] += 0.01  # 40 dB
    assert psnr(sr, hr).item() == pytest.approx(30, abs=0.05)


def test_charbonnier_is_l1_of_large_differences() -> None:
    assert charbonnier(torch.zeros(1), torch.full((1,), 0.5)).item() == pytest.approx(0.5, abs=1e-5)


def test_gradient_ignores_a_constant_difference() -> None:
    sr, hr = images(2)
    assert gradient(hr + 0.25, hr).item() == pytest.approx(0, abs=1e-6)
    assert gradient(sr, hr).item() > 0.1


def test_luma_weights_gray_differences_fully_and_blue_ones_little() -> None:
    hr = torch.full((1, 3, 4, 4), 0.5)
    gray, blue = hr + 0.1, hr.clone()
    blue[:, 2] += 0.1
    assert luma(gray, hr).item() == pytest.approx(0.1)
    assert luma(blue, hr).item() == pytest.approx(0.1 * 0.114, rel=1e-4)


def test_fft_keeps_energy() -> None:
    """An orthonormal transform: one frequency of amplitude 1 is one coefficient (and its twin)."""
    wave = torch.cos(2 * torch.pi * 3 * torch.arange(16) / 16).repeat(16, 1)[None, None]
    coefficients = 16 * 9 * 2  # rfft2 of 16x16, real and imaginary
    assert fft(wave, torch.zeros_like(wave)).item() == pytest.approx(8 / coefficients, abs=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_consistency_compares_both_pictures_reduced_to_lr(scale: int) -> None:
    sr, hr = torch.rand(2, 1, 3, 60, 48, generator=torch.Generator().manual_seed(4))
    small = [downscale(x[0].permute(1, 2, 0).numpy(), scale) for x in (sr, hr)]
    inner = (small[0] - small[1])[:, 2:-2, 2:-2].abs().mean()  # borders are reduced otherwise
    assert consistency(scale)(sr, hr).item() == pytest.approx(inner.item(), rel=0.15)
    assert consistency(scale)(hr + 0.1, hr).item() == pytest.approx(0.1, abs=1e-6)


def test_consistency_ignores_detail_that_lr_cannot_have() -> None:
    board = (torch.arange(48)[:, None] + torch.arange(48)) % 2 * 0.2 - 0.1
    hr = torch.full((1, 1, 48, 48), 0.5)
    assert consistency(4)(hr + board, hr).item() < 0.001


@given(st.floats(0.01, 10), st.floats(0.01, 10))
def test_total_is_the_weighted_sum(a: float, b: float) -> None:
    sr, hr = images(3)
    expected = a * LOSSES["l1"](sr, hr) + b * LOSSES["ssim"](sr, hr)
    torch.testing.assert_close(total({"l1": a, "ssim": b})(sr, hr), expected)


def test_a_sum_of_losses_as_text() -> None:
    assert describe({"l1": 1, "fft": 0.05}) == "l1 + 0.05 fft"


def test_mesh_is_what_repeats_with_every_lr_pixel() -> None:
    hr = torch.rand(2, 3, 98, 97, generator=torch.Generator().manual_seed(1))
    pattern = torch.zeros(4, 4)
    pattern[1, 2] = 0.16
    repeated = pattern.repeat(25, 25)[:98, :97]
    expected = (pattern - pattern.mean()).abs().mean().item()
    assert mesh(4)(hr + repeated, hr).item() == pytest.approx(expected, rel=1e-4)
    assert mesh(4)(hr + 0.1, hr).item() == pytest.approx(0, abs=1e-6)
    grain = 0.05 * torch.randn(hr.shape, generator=torch.Generator().manual_seed(2))
    assert mesh(4)(hr + grain, hr) < 0.3 * grain.abs().mean()
    turning = repeated.clone()
    turning[:, 48:] *= -1  # its mean over the whole picture is zero
    assert mesh(4)(hr + turning, hr).item() > 0.8 * expected
    assert mesh(2)(hr[..., :7, :7], hr[..., :7, :7]) == 0  # smaller than a window
