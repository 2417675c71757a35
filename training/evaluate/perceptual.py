"""How far an exported network's output is from photographs, as a trained network sees it."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from sr_batch.inference.onnx_session import OnnxSession
from training.data.pictures import read_rgb
from training.evaluate.restore import compare
from training.losses.perceptual import Perceptual, load_squeezenet


def perceptual_distance(path: Path, photographs: Sequence[Path], features: Path) -> float:
    """Mean perceptual distance between photographs and what a network restores of them.

    Args:
        path: Exported file, RGB or luma.
        photographs: HR pictures; they are shrunk, then enlarged by the network.
        features: The SqueezeNet file.
    """
    session, distance = OnnxSession.open(path), Perceptual(load_squeezenet(features))
    with torch.inference_mode():
        rows = (compare(read_rgb(photograph), session) for photograph in photographs)
        return fmean(distance(_planes(row.sr), _planes(row.hr)).item() for row in rows)


def _planes(pixels: np.ndarray) -> torch.Tensor:
    """uint8 (H, W, 3) -> (1, 3, H, W), 0..1."""
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None].float() / 255
