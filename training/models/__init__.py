"""The one table of networks. A new net is one file in this folder and one row here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from training.models import edsr, espcn
from training.models.about import About


@dataclass(frozen=True)
class Architecture:
    """``config(scale=...)`` describes a network, ``build(config)`` makes it."""

    config: Callable[..., Any]
    build: Callable[[Any], nn.Module]
    about: About
    scales: tuple[int, ...]


MODELS = {
    "espcn": Architecture(espcn.Config, espcn.ESPCN, espcn.ABOUT, scales=(2, 3, 4)),
    "edsr": Architecture(edsr.Config, edsr.EDSR, edsr.ABOUT, scales=(2, 3, 4)),
}
