"""Pixel losses by name. Each maps SR and HR (B, C, H, W), 0..1, to a scalar."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def charbonnier(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Smooth L1: sqrt(d^2 + 1e-6). Lai et al. 2017 (LapSRN), section 3.3."""
    return torch.sqrt((sr - hr).square() + 1e-6).mean()


LOSSES: dict[str, Loss] = {"l1": F.l1_loss, "mse": F.mse_loss, "charbonnier": charbonnier}
