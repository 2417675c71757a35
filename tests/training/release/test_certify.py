from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sr_batch.core.model_spec import Precision
from tests.training.small import spec_of
from training.models import MODELS
from training.models.edsr import EDSR, Config
from training.release.certify import (
    NotCertified,
    measure_overlap,
    receptive_field,
    require_parity,
    require_quality,
)


def on_numpy(net: nn.Module) -> Callable[[np.ndarray], np.ndarray]:
    @torch.inference_mode()
    def infer(batch: np.ndarray) -> np.ndarray:
        return net(torch.from_numpy(np.ascontiguousarray(batch))).numpy()

    return infer


class Box(nn.Module):
    """A mean of ``side`` x ``side`` pixels: what lies further away has no say."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, side, padding=side // 2, bias=False)
        nn.init.constant_(self.conv.weight, 1 / side**2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


def test_accepts_the_same_network() -> None:
    net = MODELS["espcn"].build(MODELS["espcn"].config(scale=2, channels=16))
    assert require_parity(net, on_numpy(net), 1) == 0


def test_refuses_a_network_that_is_a_little_off() -> None:
    net = MODELS["espcn"].build(MODELS["espcn"].config(scale=2, channels=16))
    with pytest.raises(NotCertified, match=r"differ by 0\.001"):
        require_parity(net, lambda x: on_numpy(net)(x) + 1e-3, 1)


def test_refuses_nan() -> None:
    net = MODELS["espcn"].build(MODELS["espcn"].config(scale=2, channels=16))
    with pytest.raises(NotCertified):
        require_parity(net, lambda x: on_numpy(net)(x) * np.nan, 1)


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


def test_says_when_the_receptive_field_is_larger_than_its_search() -> None:
    with pytest.raises(NotCertified, match="exceeds 9"):
        receptive_field(Box(11), 1, side=9)


def test_measures_the_overlap_that_a_box_needs() -> None:
    image = np.random.default_rng(0).random((1, 130, 110), dtype=np.float32)
    assert measure_overlap(on_numpy(Box(9)), [image], limit=20) == 4


def test_needs_no_overlap_for_single_pixels() -> None:
    image = np.random.default_rng(0).random((1, 130, 110), dtype=np.float32)
    assert measure_overlap(on_numpy(Box(1)), [image], limit=20) == 0


@pytest.mark.parametrize(("precision", "allowed"), [("fp16", 0.01), ("int8", 0.1)])
def test_holds_a_precision_to_fp32(precision: Precision, allowed: float) -> None:
    fp32 = replace(spec_of("espcn", 2, "y"), scores={"Set5": (37.0, 0.95), "Set14": (32.0, 0.9)})
    near = {"Set5": (37.2, 0.95), "Set14": (32.001 - allowed, 0.9)}
    far = {"Set5": (37.2, 0.95), "Set14": (31.999 - allowed, 0.9)}
    require_quality(replace(fp32, precision=precision, scores=near), fp32)
    with pytest.raises(NotCertified, match=f"{precision} loses .* dB on Set14, allowed"):
        require_quality(replace(fp32, precision=precision, scores=far), fp32)
