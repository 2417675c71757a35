"""The one table of networks. A new net is one file in this folder and one row here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from training.models import (
    autoencoder,
    balanced,
    edsr,
    espcn,
    fast,
    refiner,
    resnet,
    rrdb,
    srcnn,
    srcnn_deep,
    vdsr,
)
from training.models.about import About


@dataclass(frozen=True)
class Architecture:
    """``config(scale=...)`` describes a network, ``build(config)`` makes it."""

    config: Callable[..., Any]
    build: Callable[[Any], nn.Module]
    about: About
    scales: tuple[int, ...]


MODELS = {
    "srcnn": Architecture(srcnn.Config, srcnn.SRCNN, srcnn.ABOUT, (2, 3, 4)),
    "srcnn_deep": Architecture(srcnn_deep.Config, srcnn_deep.SRCNNDeep, srcnn_deep.ABOUT, (2,)),
    "espcn": Architecture(espcn.Config, espcn.ESPCN, espcn.ABOUT, (2, 3, 4)),
    "vdsr": Architecture(vdsr.Config, vdsr.VDSR, vdsr.ABOUT, (2, 3, 4)),
    "autoencoder": Architecture(
        autoencoder.Config, autoencoder.Autoencoder, autoencoder.ABOUT, (4,)
    ),
    "edsr": Architecture(edsr.Config, edsr.EDSR, edsr.ABOUT, (2, 3, 4)),
    "rrdb": Architecture(rrdb.Config, rrdb.RRDB, rrdb.ABOUT, (4,)),
    "esrgan": Architecture(rrdb.Config, rrdb.RRDB, rrdb.ESRGAN_ABOUT, (4,)),
    "refiner": Architecture(refiner.Config, refiner.Refiner, refiner.ABOUT, (4,)),
    "resnet": Architecture(resnet.Config, resnet.ResNet, resnet.ABOUT, (4,)),
    "fast": Architecture(fast.Config, fast.ConvStack, fast.ABOUT, (2, 3, 4)),
    "balanced": Architecture(balanced.Config, balanced.Balanced, balanced.ABOUT, (2, 3, 4)),
}
