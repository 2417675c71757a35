"""SMFANet+, a teacher from outside.

Zheng et al., "SMFANet: A Lightweight Self-Modulation Feature Aggregation Network for Efficient
Image Super-Resolution", ECCV 2024, section 3. It is loaded from the state dict of its authors, and
only teaches. Its output depends on the size of the picture: every block sees the variance of all
pixels, and pools to an eighth of each side.
"""

from pathlib import Path
from pickle import UnpicklingError

import torch
import torch.nn.functional as F
from torch import nn

from training.models import BadConfig

_POOLED = 8  # LR pixels a side that share one value of the modulation


class LocalDetail(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): a depthwise convolution between two of 1x1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_0 = nn.Sequential(
            nn.Conv2d(width, 2 * width, 3, padding=1, groups=width),
            nn.Conv2d(2 * width, 2 * width, 1),
        )
        self.conv_1 = nn.Conv2d(2 * width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.conv_1(F.gelu(self.conv_0(x)))
        return out


class SelfModulation(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): pooled features and their variance modulate the features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear_0 = nn.Conv2d(width, 2 * width, 1)
        self.linear_1 = nn.Conv2d(width, width, 1)
        self.linear_2 = nn.Conv2d(width, width, 1)
        self.lde = LocalDetail(width)
        self.dw_conv = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.alpha = nn.Parameter(torch.ones(1, width, 1, 1))
        self.belt = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        local, wide = self.linear_0(x).chunk(2, dim=1)
        size = wide.shape[-2:]
        pooled = self.dw_conv(F.adaptive_max_pool2d(wide, [side // _POOLED for side in size]))
        variance = wide.var(dim=(-2, -1), keepdim=True)
        gate = F.gelu(self.linear_1(pooled * self.alpha + variance * self.belt))
        out: torch.Tensor = self.linear_2(wide * F.interpolate(gate, size=size) + self.lde(local))
        return out


class PartialFeedForward(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): 1x1, 3x3 on a quarter of the channels, 1x1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.seen = width // 2
        self.conv_0 = nn.Conv2d(width, 2 * width, 1)
        self.conv_1 = nn.Conv2d(self.seen, self.seen, 3, padding=1)
        self.conv_2 = nn.Conv2d(2 * width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.gelu(self.conv_0(x))
        seen = F.gelu(self.conv_1(x[:, : self.seen]))
        out: torch.Tensor = self.conv_2(torch.cat([seen, x[:, self.seen :]], dim=1))
        return out


class Block(nn.Module):
    """x + modulation of the normalised x, then the same with the feed-forward part."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.smfa = SelfModulation(width)
        self.pcfn = PartialFeedForward(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.smfa(F.normalize(x))
        out: torch.Tensor = x + self.pcfn(F.normalize(x))
        return out


class SMFANet(nn.Module):
    """RGB (B, 3, H, W), 0..1, sides of at least 8 -> RGB (B, 3, H*s, W*s), unclipped."""

    def __init__(self, scale: int, width: int, blocks: int) -> None:
        super().__init__()
        self.scale = scale
        self.to_feat = nn.Conv2d(3, width, 3, padding=1)
        self.feats = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.to_img = nn.Sequential(
            nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.to_feat(x)
        out: torch.Tensor = self.to_img(self.feats(features) + features)
        return out


def load_smfanet(path: Path) -> SMFANet:
    """Load the state dict at ``path``, frozen. Its shapes say scale, width and depth.

    Raises:
        BadConfig: ``path`` does not exist, or is not the state dict of such a network.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)["params"]
        width = weights["to_feat.weight"].shape[0]
        scale = round((weights["to_img.0.weight"].shape[0] / 3) ** 0.5)
        blocks = len({key.split(".")[1] for key in weights if key.startswith("feats.")})
        net = SMFANet(scale, width, blocks)
        net.load_state_dict(weights)
    except (OSError, KeyError, RuntimeError, UnpicklingError) as error:
        raise BadConfig(f"{path}: not the weights of SMFANet+: {error}") from error
    return net.eval().requires_grad_(requires_grad=False)
