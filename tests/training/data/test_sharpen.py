"""The unsharp mask keeps means and even areas, and widens differences."""

import pytest
import torch
from torch.testing import assert_close

from training.data.sharpen import sharpened


def test_an_even_picture_stays_as_it_is() -> None:
    even = torch.full((1, 3, 12, 12), 0.3)
    assert_close(sharpened(even, 0.5, 1.6), even)


def test_no_amount_changes_nothing() -> None:
    picture = torch.rand(2, 3, 12, 16)
    assert_close(sharpened(picture, 0.0, 1.6), picture)


@pytest.mark.parametrize("amount", [0.2, 0.5])
def test_a_step_becomes_higher_by_the_amount(amount: float) -> None:
    """Beside a wide step, the blur is half of it above and half of it below."""
    step = torch.full((1, 1, 24, 24), 0.4)
    step[..., 12:] = 0.6
    sharp = sharpened(step, amount, 1.0)
    low, high = sharp[0, 0, 12, 11], sharp[0, 0, 12, 12]
    # The blur of sigma 1 takes 0.31 of the other side into the pixels next to the step.
    assert_close(high - low, torch.tensor(0.2 + amount * 2 * 0.3 * 0.2), atol=0.01, rtol=0)
    assert_close(sharp.mean(), step.mean())


def test_the_result_stays_within_the_range() -> None:
    noise = (torch.rand(1, 3, 16, 16) > 0.5).float()
    sharp = sharpened(noise, 1.0, 1.6)
    assert sharp.min() >= 0 and sharp.max() <= 1
    assert_close(sharp, noise)


def test_coring_spares_small_differences_and_shrinks_large_ones() -> None:
    """A lone pixel differs from its blur by its height, less the share of the blur's middle."""
    lone = torch.full((1, 1, 24, 24), 0.5)
    lone[..., 12, 12] += 2 / 255
    assert_close(sharpened(lone, 0.5, 1.6, coring=3), lone)
    lone[..., 12, 12] = 0.5 + 40 / 255
    gain = sharpened(lone, 0.5, 1.6)[0, 0, 12, 12] - sharpened(lone, 0.5, 1.6, 3)[0, 0, 12, 12]
    assert_close(gain, torch.tensor(0.5 * 3 / 255))
