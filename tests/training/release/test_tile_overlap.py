from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from training.models import MODELS
from training.models.edsr import EDSR, Config
from training.release.certify import NotCertified
from training.release.tile_overlap import measure_overlap, receptive_field


def on_numpy(net: nn.Module) -> Callable[[np.ndarray], np.ndarray]:
    @torch.inference_mode()
    def infer(batch: np.ndarray) -> np.ndarray:
        return net(torch.from_numpy(np.ascontiguousarray(batch))).numpy()

    return infer


class Box(nn.Module):
    """The mean of ``side`` x ``side`` pixels, which depends on no others."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, side, padding=side // 2, bias=False)
        nn.init.constant_(self.conv.weight, 1 / side**2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


@pytest.mark.parametrize(
    ("net", "channels", "expected"),
    [
        (Box(9), 1, 9),
        (MODELS["espcn"].build(MODELS["espcn"].config(scale=3)), 1, 15),
        (EDSR(Config(scale=2, channels=8, blocks=3, tail="direct")), 3, 21),
        (EDSR(Config(scale=4, channels=8, blocks=3, tail="staged")), 3, 21),
    ],
)
def test_finds_the_receptive_field(net: nn.Module, channels: int, expected: int) -> None:
    assert receptive_field(net, channels, side=41) == expected


def test_a_receptive_field_wider_than_the_search_is_refused() -> None:
    with pytest.raises(NotCertified, match="exceeds 9"):
        receptive_field(Box(11), 1, side=9)


def test_measures_the_overlap_of_a_box_filter_with_two_pixels_to_spare() -> None:
    image = np.random.default_rng(0).random((1, 130, 110), dtype=np.float32)
    assert measure_overlap(on_numpy(Box(9)), [image], limit=20) == 4 + 2
    assert measure_overlap(on_numpy(Box(9)), [image], limit=5) == 5


def test_needs_no_overlap_for_single_pixels() -> None:
    image = np.random.default_rng(0).random((1, 130, 110), dtype=np.float32)
    assert measure_overlap(on_numpy(Box(1)), [image], limit=20) == 0
