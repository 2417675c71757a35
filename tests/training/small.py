"""Small configurations of every network, and a contract for files that are made of them."""

from typing import Any

from sr_batch.contract import ModelSpec
from training.data import Color
from training.models import MODELS

SMALL: dict[str, dict[str, Any]] = {
    "srcnn": {"features": 16, "mapping": 8},
    "srcnn_deep": {"width": 4},
    "espcn": {"channels": 16},
    "vdsr": {"channels": 16, "layers": 4},
    "autoencoder": {"channels": 8, "blocks": 1},
    "edsr": {"channels": 16, "blocks": 2},
    "rrdb": {"channels": 16, "growth": 8, "blocks": 1},
    "esrgan": {"channels": 16, "growth": 8, "blocks": 1},
    "refiner": {"channels": 16, "blocks": 2},
    "resnet": {"channels": 16, "blocks": 2, "tail": 8},
    "fast": {"channels": 16, "blocks": 2, "convs": 2},
    "balanced": {"channels": 16, "blocks": 2, "convs": 2},
}
EVERY = [(name, scale) for name, entry in MODELS.items() for scale in entry.scales]


def spec_of(name: str, scale: int, color: Color) -> ModelSpec:
    return ModelSpec(
        name=name,
        arch=name,
        scale=scale,
        color=color,
        multiple=1,
        receptive_field=15,
        overlap=7,
        precision="fp32",
        protocol="PSNR-Y",
        licence="CC0",
        data="noise",
        commit="none",
    )
