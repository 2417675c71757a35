from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr_batch.bench.quality import Judged, Score, judge
from sr_batch.core.errors import UnsupportedImage
from training.data.pictures import read_rgb
from training.evaluate.protocol import SETS
from training.evaluate.standard_sets import bicubic_scores, rounded, score_pictures
from training.models.layers import Bicubic
from training.models.torch_session import TorchSession, unmeasured_spec


def session(scale: int) -> TorchSession:
    return TorchSession(Bicubic(scale), unmeasured_spec("bicubic", scale, "y"))


@pytest.mark.parametrize("workers", [1, 2])
def test_scores_are_means_over_the_pictures(photographs: Path, workers: int) -> None:
    paths = sorted(photographs.iterdir())
    found = score_pictures(paths, session(3), workers)
    scores = [judge(read_rgb(path), session(3)).network for path in paths]
    assert found.network.psnr == pytest.approx(np.mean([score.psnr for score in scores]))
    assert found.network.ssim == pytest.approx(np.mean([score.ssim for score in scores]))


def test_bicubic_is_scored_on_every_set(data: Path) -> None:
    scores = bicubic_scores(data, 2)
    assert tuple(scores) == SETS
    (picture,) = (data / "eval" / "Set5").iterdir()
    assert scores["Set5"] == judge(read_rgb(picture), session(2)).bicubic


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Set5: no such folder"):
        bicubic_scores(tmp_path, 2)


def test_a_picture_too_small_to_judge_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (16, 40)).save(tmp_path / "narrow.png")
    with pytest.raises(UnsupportedImage, match=r"narrow\.png: too small"):
        score_pictures([tmp_path / "narrow.png"], session(4))


def test_a_contract_states_three_and_four_decimals() -> None:
    judged = Judged(Score(30, 0.8), Score(31.23456, 0.912345))
    assert rounded({"Set5": judged}) == {"Set5": (31.235, 0.9123)}
