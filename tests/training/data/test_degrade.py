import math

import pytest
import torch

from tests.training.conftest import draw_photograph, seeded
from training.data.degrade import DEGRADATIONS, RAW_NOISE, degradation


def hr(channels: int = 3) -> torch.Tensor:
    photographs = [torch.from_numpy(draw_photograph(seed, 96)) for seed in range(3)]
    return torch.stack(photographs).permute(0, 3, 1, 2)[:, :channels].float() / 255


@pytest.mark.parametrize("name", sorted(DEGRADATIONS))
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [2, 4])
def test_gives_lr_of_the_right_size_and_range(name: str, channels: int, scale: int) -> None:
    for seed in range(4):
        lr = DEGRADATIONS[name](hr(channels), scale, seeded(seed))
        assert lr.shape == (3, channels, 96 // scale, 96 // scale)
        assert torch.isfinite(lr).all()
        assert lr.min() >= 0
        assert lr.max() <= 1


@pytest.mark.parametrize("name", sorted(DEGRADATIONS))
def test_the_same_seed_gives_the_same_lr(name: str) -> None:
    first, again, other = (DEGRADATIONS[name](hr(), 2, seeded(seed)) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    if name in (
        "blur",
        "blind",
        "light",
        "raw",
        "worn",
        "varied",
        "photo",
    ):  # they draw random numbers
        assert not torch.equal(first, other)


@pytest.mark.parametrize("name", sorted(DEGRADATIONS))
def test_a_degraded_picture_keeps_its_mean_colours(name: str) -> None:
    """Over large blocks."""
    lr = DEGRADATIONS[name](hr(), 2, seeded(1))
    blocks = [torch.nn.functional.adaptive_avg_pool2d(x, 3) for x in (lr, hr())]
    assert (blocks[0] - blocks[1]).abs().max() < 0.12


def test_blur_removes_detail() -> None:
    plain = torch.nn.functional.interpolate(hr(), scale_factor=0.5, mode="bicubic", antialias=True)
    blurred = DEGRADATIONS["blur"](hr(), 2, seeded(2))
    assert blurred.diff(dim=-1).abs().mean() < 0.95 * plain.diff(dim=-1).abs().mean()


def test_photo_leaves_a_fifth_clean_and_varies_the_rest() -> None:
    same = hr()[:1].expand(200, -1, -1, -1)
    lr = DEGRADATIONS["photo"](same, 4, seeded(1))
    plain = torch.nn.functional.interpolate(
        hr()[:1], scale_factor=0.25, mode="bicubic", antialias=True
    )
    off = (lr - plain.clamp(0, 1)).abs().amax((1, 2, 3))
    assert 30 <= (off < 1 / 255).sum() <= 52  # of 40 expected
    assert len(lr.unique(dim=0)) > 140


def test_light_makes_noise_and_blocks_at_the_size_of_lr() -> None:
    flat = torch.full((8, 3, 128, 128), 0.5)
    lr = DEGRADATIONS["light"](flat, 4, seeded(1))
    assert lr.shape == (8, 3, 32, 32)
    spread = lr.std((1, 2, 3)) * 255
    assert spread.max() > 2
    assert spread.max() < 10


def test_raw_makes_noise_that_no_jpeg_has_smoothed() -> None:
    flat = torch.full((8, 1, 128, 128), 0.5)
    lr = DEGRADATIONS["raw"](flat, 4, seeded(1))
    spread = lr.std((1, 2, 3)) * 255
    assert 8 < spread.max() < 17
    steps = lr.diff(dim=-1).std((1, 2, 3)) * 255  # independent pixels: sqrt(2) times the spread
    torch.testing.assert_close(steps, spread * math.sqrt(2), rtol=0.15, atol=0.2)


def test_a_fifth_of_varied_is_raw() -> None:
    flat = torch.full((1, 3, 64, 64), 0.5).expand(200, -1, -1, -1)
    lr = DEGRADATIONS["varied"](flat, 4, seeded(1))[:, 0]
    ratios = lr.diff(dim=-1).std((1, 2)) / lr.std((1, 2)).clamp(min=1e-6)
    assert 20 <= ((ratios > 1.3) & (lr.std((1, 2)) > 1 / 255)).sum() <= 60


def test_worn_leaves_no_picture_clean() -> None:
    same = hr()[:1].expand(60, -1, -1, -1)
    lr = DEGRADATIONS["worn"](same, 4, seeded(1))
    plain = torch.nn.functional.interpolate(
        hr()[:1], scale_factor=0.25, mode="bicubic", antialias=True
    )
    assert (lr - plain.clamp(0, 1)).abs().amax((1, 2, 3)).min() > 1 / 255
    assert len(lr.unique(dim=0)) == 60


@pytest.mark.parametrize("name", sorted(RAW_NOISE))
def test_without_noise_the_same_random_numbers_give_the_same_picture(name: str) -> None:
    flat = torch.full((24, 3, 96, 96), 128 / 255)
    generators = seeded(3), seeded(3)
    noisy, quiet = (
        degradation(name, noise=noise)(flat, 2, generator)
        for noise, generator in zip((1.0, 0.0), generators, strict=True)
    )
    still_flat = [(lr.std((1, 2, 3)) < 0.2 / 255).sum().item() for lr in (noisy, quiet)]
    assert still_flat[1] > still_flat[0]
    if name == "raw":
        assert still_flat[1] == len(flat)
    assert torch.equal(generators[0].get_state(), generators[1].get_state())
