from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from training.evaluate.standard_sets import evaluate_bicubic, evaluate_folder


def bicubic_x2(lr: np.ndarray) -> np.ndarray:
    out = F.interpolate(torch.from_numpy(lr)[None], scale_factor=2, mode="bicubic", antialias=True)
    return out[0].numpy()


@pytest.mark.parametrize("color", ["y", "rgb"])
def test_scores_an_upscaler_that_is_bicubic_as_bicubic(color: str, photographs: Path) -> None:
    ours = evaluate_folder(photographs, 2, "y" if color == "y" else "rgb", bicubic_x2, workers=2)
    yardstick = evaluate_bicubic(photographs, 2)
    # Borders are padded differently, and the RGB protocol rounds LR and SR to 8 bit.
    assert ours.psnr == pytest.approx(yardstick.psnr, abs=0.1)
    assert ours.ssim == pytest.approx(yardstick.ssim, abs=2e-3)


@pytest.mark.parametrize("color", ["y", "rgb"])
def test_judges_gray_pictures_by_their_own_values(color: str, tmp_path: Path) -> None:
    gray = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    Image.fromarray(gray).save(tmp_path / "gray.png")
    score = evaluate_folder(tmp_path, 2, "y" if color == "y" else "rgb", bicubic_x2)
    assert score.psnr > 45  # a ramp survives; studio-range Y of it would be 14 % flatter


def test_crops_what_does_not_divide(tmp_path: Path) -> None:
    Image.new("RGB", (33, 31), "teal").save(tmp_path / "odd.png")
    assert evaluate_bicubic(tmp_path, 4).psnr > 60
