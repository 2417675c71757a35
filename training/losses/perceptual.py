"""The perceptual loss: the distance between features of a network trained on photographs.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018,
section 3, without its learned weights: squared differences of features of several depths, each
normalised along the channels. The weights of SqueezeNet 1.1 (Iandola et al. 2016) come from a
file. VGG-19, layer conv5_4 before its activation as in ESRGAN (Wang et al. 2018, section 3.3),
comes from torchvision.
"""

from pathlib import Path

import h5py
import torch
import torch.nn.functional as F
from torch import nn

from training.models import BadConfig

_SQUEEZES = {2: 16, 3: 16, 4: 32, 5: 32, 6: 48, 7: 48, 8: 64, 9: 64}
_POOLED = (2, 4, 6)  # fire modules behind a pooling layer
_SEEN = (3, 5, 7, 9)  # fire modules whose output is compared
_MEAN_BGR = (104.0, 117.0, 123.0)


class Fire(nn.Module):
    """A 1x1 convolution to few channels, then 1x1 and 3x3 ones to four times as many each."""

    def __init__(self, channels: int, squeeze: int) -> None:
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, 4 * squeeze, 1)
        self.expand3x3 = nn.Conv2d(squeeze, 4 * squeeze, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.squeeze1x1(x))
        return torch.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


class SqueezeNet(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> the outputs of conv1 and of fire 3, 5, 7 and 9."""

    mean: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, stride=2)
        channels = 64
        for number, squeeze in _SQUEEZES.items():
            self.add_module(f"fire{number}", Fire(channels, squeeze))
            channels = 8 * squeeze
        self.register_buffer("mean", torch.tensor(_MEAN_BGR).view(1, 3, 1, 1), persistent=False)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = torch.relu(self.conv1(x.flip(1) * 255 - self.mean))
        seen = [x]
        for number in _SQUEEZES:
            if number in _POOLED:
                x = F.max_pool2d(x, 3, stride=2, ceil_mode=True)
            x = self.get_submodule(f"fire{number}")(x)
            if number in _SEEN:
                seen.append(x)
        return seen


class VGG19(nn.Module):
    """RGB (B, 3, H, W), 0..1 -> conv5_4 before its activation. Needs torchvision."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        try:
            from torchvision import models
        except ImportError as missing:
            raise BadConfig("the loss vgg needs torchvision: pip install torchvision") from missing
        weights = models.VGG19_Weights.IMAGENET1K_V1
        self.layers = models.vgg19(weights=weights).features[:35]
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [self.layers((x - self.mean) / self.deviation)]


class Perceptual(nn.Module):
    """The loss: SR and HR (B, 3, H, W), 0..1, at least 64 pixels a side -> their distance.

    It keeps the features of SR for a second target of the same step: they are computed once.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone.eval().requires_grad_(requires_grad=False)
        self._kept: tuple[torch.Tensor, list[torch.Tensor]] | None = None

    def forward(self, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        pairs = zip(self._of(sr), self.backbone(hr), strict=True)
        return torch.stack([_distance(a, b) for a, b in pairs]).mean()

    def _of(self, sr: torch.Tensor) -> list[torch.Tensor]:
        kept, self._kept = self._kept, None
        if kept and kept[0] is sr:
            return kept[1]
        features: list[torch.Tensor] = self.backbone(sr)
        if features[0].requires_grad:
            self._kept = sr, features
        return features


def load_squeezenet(path: Path) -> SqueezeNet:
    """Load SqueezeNet from the Keras file at ``path`` (kernels HWIO, names of the Caffe model).

    Raises:
        FileNotFoundError: ``path`` does not exist.
    """
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: the perceptual loss needs this file; training/README.md says where it is from"
        )
    tensors: dict[str, torch.Tensor] = {}

    def take(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            tensor = torch.from_numpy(item[()])
            tensors[_key(name)] = tensor.permute(3, 2, 0, 1) if tensor.ndim == 4 else tensor

    with h5py.File(path) as file:
        file.visititems(take)
    net = SqueezeNet()
    net.load_state_dict(tensors)
    return net


def _key(name: str) -> str:
    """The name in torch: ``fire2/squeeze1x1/uniform2`` -> ``fire2.squeeze1x1.weight``."""
    first, second, *_ = name.split("/")
    layer = first if first == "conv1" else f"{first}.{second}"
    return f"{layer}.{'bias' if name.endswith('_b') else 'weight'}"


def _distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (F.normalize(a, dim=1) - F.normalize(b, dim=1)).square().sum(1).mean()
