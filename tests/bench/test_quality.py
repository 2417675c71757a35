import math
from pathlib import Path

import numpy as np
import pytest

from sr_batch.bench.quality import Judged, Score, judge, mean, score, score_bicubic, score_network
from sr_batch.core.errors import UnsupportedImage
from sr_batch.core.model_spec import Color
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.session import Session
from tests.networks import NearestSession, conv_network


def picture(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Soft waves with grain, different in each channel."""
    y, x, c = np.mgrid[:height, :width, :channels]
    waves = np.sin(y / 5 + c) + np.cos(x / 7 - c)
    noise = np.random.default_rng(0).normal(0, 4, waves.shape)
    levels: np.ndarray = np.clip(waves * 50 + 128 + noise, 0, 255).astype(np.uint8)
    return levels


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_flat_picture_is_restored_exactly(scale: int) -> None:
    judged = judge(np.full((47, 53, 3), (200, 10, 90), np.uint8), NearestSession(scale))
    assert judged.bicubic.psnr == math.inf
    assert judged.network.psnr > 50  # rounding the colour does not round the luma
    assert judged.bicubic.ssim == pytest.approx(1)
    assert judged.record()["bicubic"]["psnr"] is None


@pytest.mark.parametrize("color", ["rgb", "y"])
def test_repeating_pixels_is_worse_than_bicubic(color: str) -> None:
    judged = judge(picture(61, 80), NearestSession(2, color))
    assert judged.gain == judged.network.psnr - judged.bicubic.psnr < 0
    assert judged.network.ssim < judged.bicubic.ssim


@pytest.mark.parametrize("color", ["rgb", "y"])
def test_tiles_do_not_change_the_scores(
    color: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: Session = OnnxSession.open(
        conv_network(tmp_path / "n.onnx", color="y" if color == "y" else "rgb")
    )
    whole = judge(picture(301, 280), session)
    monkeypatch.setattr("sr_batch.upscaling.tiling._MEMORY", 1)
    cut = judge(picture(301, 280), session, threads=2)
    assert cut.network.psnr == pytest.approx(whole.network.psnr, abs=1e-3)
    assert cut.bicubic == whole.bicubic


def test_a_gray_picture_is_its_own_luma() -> None:
    gray = picture(40, 40, 1)
    by_color, by_luma = (judge(gray, NearestSession(2, color)) for color in ("rgb", "y"))
    assert by_color.bicubic == by_luma.bicubic
    assert by_color.network.psnr == pytest.approx(by_luma.network.psnr, abs=0.1)


def test_refuses_a_picture_smaller_than_the_window() -> None:
    for scale in (2, 3, 4):
        least = 3 * scale + 10
        with pytest.raises(UnsupportedImage, match=f"needs at least {least} pixels a side"):
            judge(picture(2 * scale + 10, 90), NearestSession(scale))
        judge(picture(least, 90), NearestSession(scale))


@pytest.mark.parametrize("color", ["rgb", "y"])
def test_a_function_scores_like_a_session(color: Color) -> None:
    def repeat(planes: np.ndarray) -> np.ndarray:
        return planes.repeat(3, axis=1).repeat(3, axis=2)

    hr = picture(61, 80)
    judged = judge(hr, NearestSession(3, color))
    assert score_network(hr, 3, color, repeat) == judged.network
    assert score_bicubic(hr, 3) == judged.bicubic


def test_the_border_does_not_count() -> None:
    hr = np.full((40, 40), 100, np.float32)
    sr = hr.copy()
    sr[:4], sr[:, -4:] = 0, 255
    assert score(sr, hr, 4).psnr == math.inf
    assert score(sr, hr, 3).psnr < 40


def test_means_are_taken_figure_by_figure() -> None:
    one = Judged(Score(30, 0.8), Score(31, 0.9))
    other = Judged(Score(32, 0.9), Score(35, 1.0))
    both = mean([one, other])
    assert (both.bicubic.psnr, both.network.psnr, both.gain) == (31, 33, 2)
    assert both.network.ssim == pytest.approx(0.95)
    assert str(both.network) == "33.00 / 0.9500"
