import math

import pytest
import torch

from training.data.kernels import filtered, gaussian, sinc


def test_kernels_have_sum_one_and_the_right_axes() -> None:
    wide = gaussian(3.0, 0.5, 0)
    assert wide.sum().item() == pytest.approx(1)
    assert wide[10, 14] > 100 * wide[14, 10]
    torch.testing.assert_close(gaussian(3.0, 0.5, math.pi / 2), wide.T)
    ringing = sinc(math.pi / 2)
    assert ringing.sum().item() == pytest.approx(1)
    assert ringing.min() < -0.001


def test_each_image_is_filtered_by_its_own_kernel_and_even_ones_stay() -> None:
    images = torch.rand(2, 3, 40, 40)
    kernels = [gaussian(0.05, 0.05, 0), gaussian(2.0, 2.0, 0)]
    sharp, soft = filtered(images, kernels)
    torch.testing.assert_close(sharp, images[0])
    assert soft.std() < 0.5 * images[1].std()
    even = filtered(torch.full((1, 1, 30, 30), 0.3), [gaussian(3.0, 1.0, 0.5)])
    torch.testing.assert_close(even, torch.full((1, 1, 30, 30), 0.3))
