"""The one judge of training and of the tool, held to published figures and to other libraries."""

import os
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from sr_batch.bench.quality import Score, judge
from tests.training.conftest import draw_photograph
from training.data.pictures import list_images, to_color
from training.data.resize import crop_to_multiple, downscale, upscale
from training.evaluate.standard_sets import score_pictures
from training.models.layers import Bicubic
from training.models.torch_session import TorchSession, unmeasured_spec

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("SR_BATCH_DATA", ROOT.parent / "shared" / "data"))

PUBLISHED = {
    2: {"Set5": (33.66, 0.9299), "Set14": (30.23, 0.8687)},
    3: {"Set5": (30.39, 0.8682), "Set14": (27.54, 0.7736)},
    4: {"Set5": (28.42, 0.8104), "Set14": (26.00, 0.7019)},
}
RINGS = {2: (35.1852, 0.99711), 3: (25.8422, 0.96746), 4: (21.4177, 0.88263)}


def rings() -> np.ndarray:
    """uint8 (90, 121, 3): rings that get finer outwards, in colours that differ in phase."""
    y, x, channel = np.mgrid[:90, :121, :3]
    waves = np.sin(((y - 40.0) ** 2 + (x - 50.0) ** 2) / 140 + channel)
    levels: np.ndarray = np.rint(waves * 100 + 120).astype(np.uint8)
    return levels


def bicubic_session(scale: int, color: str = "y") -> TorchSession:
    channels = 1 if color == "y" else 3
    spec = unmeasured_spec("bicubic", scale, "y" if color == "y" else "rgb")
    return TorchSession(Bicubic(scale, channels), spec)


def by_other_libraries(picture: np.ndarray, scale: int) -> Score:
    """Bicubic by torch's resampler, PSNR and SSIM by scikit-image."""
    luma = to_color(picture, "y") if picture.shape[2] == 3 else picture
    hr = crop_to_multiple(luma, scale)
    small = downscale(hr, scale).numpy().transpose(1, 2, 0)
    sr = np.rint(upscale(small, scale).numpy()[0]).clip(0, 255)
    planes = [plane[scale:-scale, scale:-scale].astype(float) for plane in (hr[..., 0], sr)]
    similarity = structural_similarity(
        *planes, data_range=255, full=True,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )[1]  # fmt: skip
    return Score(peak_signal_noise_ratio(*planes, data_range=255), similarity[5:-5, 5:-5].mean())


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_known_figures_of_a_drawn_picture(scale: int) -> None:
    score = judge(rings(), bicubic_session(scale)).bicubic
    assert score.psnr == pytest.approx(RINGS[scale][0], abs=1e-3)
    assert score.ssim == pytest.approx(RINGS[scale][1], abs=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_other_libraries_agree(scale: int, channels: int) -> None:
    picture = draw_photograph(scale, 100)[..., :channels]
    ours = judge(picture, bicubic_session(scale)).bicubic
    theirs = by_other_libraries(picture, scale)
    assert ours.psnr == pytest.approx(theirs.psnr, abs=1e-3)
    assert ours.ssim == pytest.approx(theirs.ssim, abs=1e-5)


@pytest.mark.parametrize("color", ["y", "rgb"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_that_is_bicubic_scores_as_bicubic(color: str, channels: int) -> None:
    judged = judge(draw_photograph(0, 128)[..., :channels], bicubic_session(2, color))
    # The network repeats border pixels, and an RGB one reads and writes 8 bits.
    assert judged.network.psnr == pytest.approx(judged.bicubic.psnr, abs=0.1)
    assert judged.network.ssim == pytest.approx(judged.bicubic.ssim, abs=2e-3)


@pytest.mark.skipif(not (DATA / "eval").is_dir(), reason=f"the standard sets are not in {DATA}")
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_has_its_published_figures_on_the_standard_sets(scale: int) -> None:
    for name, published in PUBLISHED[scale].items():
        pictures = list_images([DATA / "eval" / name])
        score = score_pictures(pictures, bicubic_session(scale)).bicubic
        assert (round(score.psnr, 2), round(score.ssim, 4)) == published, name
