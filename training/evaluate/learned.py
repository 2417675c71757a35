"""LPIPS and DISTS, by piq if it is installed. Nothing else of this project needs piq.

piq downloads its own weights and those of VGG16 when one of them is first used.
"""

from functools import cache, partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip
from sr_batch.imaging.metrics import Plane

_LOADING = Lock()  # pictures are measured in threads, and the weights are loaded once


def _distance(name: str, sr: Plane, hr: Plane) -> float:
    """The distance called ``name`` in piq of two pictures (H, W, 3), 0..255."""
    with _LOADING:
        network = _network(name)
    with torch.inference_mode():
        return float(network(_planes(sr), _planes(hr)))


lpips = partial(_distance, "LPIPS")
dists = partial(_distance, "DISTS")


@cache
def _network(name: str) -> Any:
    try:
        network = getattr(import_module("piq"), name)
    except (ImportError, RuntimeError) as fault:  # RuntimeError: torchvision for another torch
        raise UsageError(
            f"--metrics {name.lower()}: needs piq, and the torchvision of torch {torch.__version__}"
            f" ({fault}): {_installation()}"
        ) from fault
    try:
        return network()
    except OSError as fault:
        raise UsageError(
            f"--metrics {name.lower()}: the weights cannot be downloaded ({fault}). Download"
            f" {getattr(network, '_weights_url', 'those of piq')} and {_vgg16()} on another"
            f" machine, and put both files into {Path(torch.hub.get_dir()) / 'checkpoints'}"
        ) from fault


def _vgg16() -> str:
    """Where torchvision, which piq needs, downloads VGG16 from."""
    return str(import_module("torchvision.models").VGG16_Weights.IMAGENET1K_V1.url)


def _installation() -> str:
    """Keeps this torch. A torchvision that was built for another one cannot be imported."""
    own = version("torch")
    command = pip("install", "piq", "torchvision", f"torch=={own}")
    if "+" not in own:
        return command
    return f"{command} --extra-index-url INDEX, where INDEX is the one that has torch {own}"


def _planes(pixels: Plane) -> torch.Tensor:
    """(H, W, 3), 0..255 -> (1, 3, H, W), 0..1."""
    levels = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
    return torch.from_numpy(levels)[None] / 255
