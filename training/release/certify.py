"""What must hold before a network is released, measured on the exported file itself.

torch and ONNX Runtime agree on odd sizes, and fp16 and int8 files keep to the figures of fp32.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from sr_batch.core.errors import UsageError
from sr_batch.core.model_spec import ModelSpec, Precision

Infer = Callable[[np.ndarray], np.ndarray]
"""(1, C, H, W) float32 -> (1, C, H*s, W*s) float32."""

ODD_SIZES = ((1, 1), (2, 3), (7, 5), (17, 31), (48, 33), (65, 97))
TOLERANCE = 1e-4

ALLOWED_LOSS: dict[Precision, float] = {"fp16": 0.01, "int8": 0.1}
"""Precision -> dB of PSNR-Y that it may lose to fp32 on any set."""


class NotCertified(RuntimeError):
    """An exported file differs too much from the trained network."""


def require_parity(net: nn.Module, infer: Infer, channels: int) -> float:
    """The largest difference between ``net`` and ``infer`` over odd sizes.

    Raises:
        NotCertified: it exceeds 1e-4.
    """
    generator = torch.Generator().manual_seed(0)
    differences = []
    for height, width in ODD_SIZES:
        x = torch.rand(1, channels, height, width, generator=generator)
        with torch.inference_mode():
            expected = net(x).numpy()
        differences.append(np.abs(infer(x.numpy()) - expected).max())
    worst = float(np.max(differences))  # NaN stays NaN
    if not worst <= TOLERANCE:
        raise NotCertified(
            f"torch and ONNX Runtime differ by {worst:g}; at most {TOLERANCE:g} is allowed"
        )
    return worst


def require_quality(variant: ModelSpec, fp32: ModelSpec) -> None:
    """Compare the scores of ``variant`` with those of the fp32 file.

    Raises:
        NotCertified: it loses more on a set than its precision may.
        UsageError: the fp32 file was measured on other sets.
    """
    if not variant.scores.keys() <= fp32.scores.keys():
        sets, others = (", ".join(each.scores) or "no set" for each in (variant, fp32))
        raise UsageError(
            f"{fp32.name}_x{fp32.scale}.onnx: was measured on {others}, and {variant.precision} on "
            f"{sets}; export it in fp32 again with the same --data and --replace"
        )
    allowed = ALLOWED_LOSS[variant.precision]
    for name, (psnr, _) in variant.scores.items():
        loss = fp32.scores[name][0] - psnr
        if loss > allowed:
            raise NotCertified(
                f"{variant.precision} loses {loss:.3f} dB on {name}; at most {allowed:g} dB "
                "is allowed"
            )
