"""LPIPS and DISTS, by piq if it is installed. Nothing else of this project needs piq.

piq downloads VGG16 weights when one of them is first used.
"""

from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np
import torch

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip
from sr_batch.imaging.metrics import Plane


def _distance(name: str, sr: Plane, hr: Plane) -> float:
    """The distance called ``name`` in piq of two pictures (H, W, 3), 0..255."""
    with torch.inference_mode():
        return float(_network(name)(_planes(sr), _planes(hr)))


lpips = partial(_distance, "LPIPS")
dists = partial(_distance, "DISTS")


@cache
def _network(name: str) -> Any:
    try:
        network = getattr(import_module("piq"), name)
    except ImportError as fault:
        command = pip("install", "piq", "torchvision")
        raise UsageError(
            f"--metrics {name.lower()}: needs piq and torchvision: {command}"
        ) from fault
    try:
        return network()
    except OSError as fault:
        raise UsageError(
            f"--metrics {name.lower()}: piq cannot get its weights: {fault}"
        ) from fault


def _planes(pixels: Plane) -> torch.Tensor:
    """(H, W, 3), 0..255 -> (1, 3, H, W), 0..1."""
    levels = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
    return torch.from_numpy(levels)[None] / 255
