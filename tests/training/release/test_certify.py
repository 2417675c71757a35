from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sr_batch.core.errors import UsageError
from sr_batch.core.model_spec import Precision
from tests.training.small import spec_of
from training.models import MODELS
from training.release.certify import NotCertified, require_parity, require_quality


def on_numpy(net: nn.Module) -> Callable[[np.ndarray], np.ndarray]:
    @torch.inference_mode()
    def infer(batch: np.ndarray) -> np.ndarray:
        return net(torch.from_numpy(np.ascontiguousarray(batch))).numpy()

    return infer


def test_accepts_the_same_network() -> None:
    net = MODELS["espcn"].build(MODELS["espcn"].config(scale=2, channels=16))
    assert require_parity(net, on_numpy(net), 1) == 0


def test_refuses_a_network_with_a_small_error() -> None:
    net = MODELS["espcn"].build(MODELS["espcn"].config(scale=2, channels=16))
    with pytest.raises(NotCertified, match=r"differ by 0\.001"):
        require_parity(net, lambda x: on_numpy(net)(x) + 1e-3, 1)


def test_refuses_nan() -> None:
    net = MODELS["espcn"].build(MODELS["espcn"].config(scale=2, channels=16))
    with pytest.raises(NotCertified):
        require_parity(net, lambda x: on_numpy(net)(x) * np.nan, 1)


@pytest.mark.parametrize(("precision", "allowed"), [("fp16", 0.01), ("int8", 0.1)])
def test_compares_a_precision_with_fp32(precision: Precision, allowed: float) -> None:
    fp32 = replace(spec_of("espcn", 2, "y"), scores={"Set5": (37.0, 0.95), "Set14": (32.0, 0.9)})
    near = {"Set5": (37.2, 0.95), "Set14": (32.001 - allowed, 0.9)}
    far = {"Set5": (37.2, 0.95), "Set14": (31.999 - allowed, 0.9)}
    require_quality(replace(fp32, precision=precision, scores=near), fp32)
    with pytest.raises(NotCertified, match=f"{precision} loses .* dB on Set14; at most"):
        require_quality(replace(fp32, precision=precision, scores=far), fp32)


def test_says_that_the_fp32_file_was_measured_on_other_sets() -> None:
    fp32 = replace(spec_of("espcn", 2, "y"), scores={"Set5": (37.0, 0.95)})
    int8 = replace(fp32, precision="int8", scores={"validation": (36.0, 0.9)})
    with pytest.raises(UsageError, match=r"espcn_x2\.onnx: was measured on Set5, and int8 on vali"):
        require_quality(int8, fp32)
