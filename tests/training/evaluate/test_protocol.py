"""The tool judges as training does: two implementations, one of them on torch's resampler."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr_batch.bench.pictures import read_set
from sr_batch.bench.quality import judge, mean
from sr_batch.inference.session import NearestSession
from training.evaluate.standard_sets import evaluate_bicubic, evaluate_folder


@pytest.mark.parametrize("color", ["rgb", "y"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_tool_and_training_agree(photographs: Path, scale: int, color: str) -> None:
    session = NearestSession(scale, color)

    def upscaler(lr: np.ndarray) -> np.ndarray:
        return session(lr[None])[0]

    judged = mean(judge(picture, session) for picture in read_set(photographs).pictures)
    theirs = evaluate_folder(photographs, scale, session.spec.color, upscaler)
    bicubic = evaluate_bicubic(photographs, scale)
    for ours, other in ((judged.network, theirs), (judged.bicubic, bicubic)):
        assert ours.psnr == pytest.approx(other.psnr, abs=1e-3)
        assert ours.ssim == pytest.approx(other.ssim, abs=1e-5)


def test_they_agree_on_gray(photographs: Path, tmp_path: Path) -> None:
    for path in photographs.iterdir():
        Image.open(path).convert("L").save(tmp_path / path.name)
    test_the_tool_and_training_agree(tmp_path, 2, "rgb")
    test_the_tool_and_training_agree(tmp_path, 2, "y")
