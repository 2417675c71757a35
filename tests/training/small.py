"""Small configurations of every network, and a contract for files that are made of them."""

from typing import Any

from sr_batch.contract import ModelSpec
from training.data import Color
from training.models import MODELS

SMALL: dict[str, dict[str, Any]] = {
    "espcn": {"channels": 16},
    "edsr": {"channels": 16, "blocks": 2},
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
