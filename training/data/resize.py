"""MATLAB's ``imresize`` (bicubic, antialiased) in torch: the resampler of all published tables.

Away from the border, torch's antialiased bicubic equals MATLAB's to 5e-7. At the border, MATLAB
mirrors pixels (symmetric padding) and torch renormalises, so this module pads before it resizes.
"""

import numpy as np
import torch
import torch.nn.functional as F

_MARGIN = 4  # LR pixels; the widest kernel reaches 2 LR pixels


def downscale(image: np.ndarray, scale: int) -> torch.Tensor:
    """Shrink ``image`` (H, W, C; sides divisible by ``scale``) to a float tensor (C, H/s, W/s).

    Values keep the range of the input (0..255 stays 0..255) and are not rounded.
    """
    return _resize(image, 1 / scale, pad=_MARGIN * scale, crop=_MARGIN)


def upscale(image: np.ndarray, scale: int) -> torch.Tensor:
    """Enlarge ``image`` (H, W, C) to a float tensor (C, H*s, W*s), not rounded."""
    return _resize(image, scale, pad=_MARGIN, crop=_MARGIN * scale)


def crop_to_multiple(image: np.ndarray, multiple: int) -> np.ndarray:
    """Crop ``image`` (H, W, C) at the bottom and right to multiples of ``multiple``."""
    height, width = image.shape[:2]
    return image[: height - height % multiple, : width - width % multiple]


def _resize(image: np.ndarray, factor: float, pad: int, crop: int) -> torch.Tensor:
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    chw = torch.from_numpy(padded.astype(np.float32).transpose(2, 0, 1))[None]
    size = (round(padded.shape[0] * factor), round(padded.shape[1] * factor))
    out = F.interpolate(chw, size=size, mode="bicubic", antialias=True)[0]
    return out[:, crop:-crop, crop:-crop].contiguous()
