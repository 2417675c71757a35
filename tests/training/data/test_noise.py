import pytest
import torch

from tests.training.conftest import seeded
from training.data.noise import add_noise, coarse


def test_coarse_noise_has_grains_of_some_pixels_and_the_strength_that_was_asked_for() -> None:
    for seed in range(8):
        noise = coarse(torch.zeros(1, 3, 64, 64), (6, 6), seeded(seed))
        assert (noise.std() * 255).item() == pytest.approx(6, abs=0.01)
        assert noise.diff(dim=-1).std() < 1.2 * noise.std()


def test_some_noise_is_gray_and_some_is_not() -> None:
    flat = torch.full((40, 3, 16, 16), 0.5)
    noise = add_noise(flat, (8, 8), seeded(1), 1.0) - flat
    gray = (noise[:, :1] - noise).abs().amax((1, 2, 3)) < 1e-6
    assert 8 <= gray.sum() <= 24


def test_noise_of_no_strength_changes_nothing() -> None:
    flat = torch.full((2, 3, 16, 16), 0.5)
    assert torch.equal(add_noise(flat, (8, 8), seeded(1), 0.0), flat)
