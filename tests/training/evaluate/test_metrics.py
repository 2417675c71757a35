"""Every metric, held to cases worked out by hand and to published figures."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch

from sr_batch.bench.quality import bicubic_lumas
from sr_batch.core.errors import UnsupportedImage, UsageError
from sr_batch.imaging.metrics import crop_border, ssim
from tests.training.conftest import draw_photograph
from training.data.pictures import list_images, read_rgb, to_color
from training.evaluate import learned
from training.evaluate import niqe as niqe_module
from training.evaluate.ifc import channel, ifc, scale_mixture
from training.evaluate.metrics import METRICS, chosen, mae, mse, pooled_psnr
from training.evaluate.ms_ssim import WEIGHTS, ms_ssim
from training.evaluate.niqe import asymmetric_gaussian, niqe
from training.evaluate.nqm import contrast_threshold, is_masked, nqm
from training.evaluate.restore import Pair
from training.evaluate.steerable import bands

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("SR_BATCH_DATA", ROOT.parent / "shared" / "data"))
PLANE = to_color(draw_photograph(5, 200), "y")[..., 0].astype(np.float32)
NOISY = PLANE + np.random.default_rng(0).normal(0, 12, PLANE.shape).astype(np.float32)


def test_errors_of_four_pixels() -> None:
    hr, sr = np.array([[0, 255], [100, 50]]), np.array([[0, 204], [151, 50]])
    assert mse(sr, hr) == pytest.approx(2 * 0.2**2 / 4)
    assert mae(sr, hr) == pytest.approx(2 * 0.2 / 4)
    assert METRICS["psnr"].of(Pair(sr, hr)) == pytest.approx(10 * np.log10(1 / 0.02))


def test_pooling_two_pictures_of_20_and_40_db() -> None:
    assert pooled_psnr([20, 40]) == pytest.approx(-10 * np.log10((0.01 + 0.0001) / 2))
    assert pooled_psnr([np.inf]) == np.inf


@pytest.mark.parametrize("name", sorted(METRICS.keys() - {"lpips", "dists"}))
def test_noise_is_worse_and_every_value_is_within_its_limits(name: str) -> None:
    metric = METRICS[name]
    mild, strong = (metric.of(Pair(PLANE + (NOISY - PLANE) * part, PLANE)) for part in (0.3, 1))
    assert strong < mild if metric.best == "higher" else strong > mild
    assert metric.limits[0] <= min(mild, strong) <= max(mild, strong) <= metric.limits[1]


def test_rgb_has_the_psnr_of_all_values_and_the_mean_ssim() -> None:
    hr = draw_photograph(1, 60).astype(np.float32)
    sr = hr.copy()
    sr[..., 0] += 10
    pair = Pair(sr, hr)
    assert METRICS["psnr"].of(pair) == pytest.approx(10 * np.log10(255**2 / (100 / 3)))
    red = ssim(sr[..., 0], hr[..., 0])
    assert METRICS["ssim"].of(pair) == pytest.approx((red + 2) / 3)
    assert METRICS["nqm"].channel == "luma"


def test_ms_ssim_of_two_flat_planes_is_the_luminance_of_the_coarsest_scale() -> None:
    x, y = np.full((176, 180), 100.0), np.full((176, 180), 150.0)
    luminance = (2 * 100 * 150 + 2.55**2) / (100**2 + 150**2 + 2.55**2)
    assert ms_ssim(x, y) == pytest.approx(luminance ** WEIGHTS[-1])
    assert sum(WEIGHTS) == pytest.approx(1, abs=2e-4)


def test_an_inverted_texture_has_no_ms_ssim() -> None:
    waves = 50 * np.sin(np.arange(200) / 2) * np.ones((200, 1))
    assert ms_ssim(100 + waves, 100 - waves) == 0


@pytest.mark.parametrize(("measure", "side"), [(ms_ssim, 175), (ifc, 95)])
def test_a_picture_too_small_is_refused(measure: object, side: int) -> None:
    assert callable(measure)
    with pytest.raises(UnsupportedImage, match=f"needs {side + 1} pixels a side"):
        measure(np.zeros((side, 300)), np.zeros((side, 300)))


def test_a_grating_is_in_the_band_of_its_orientation() -> None:
    grating = 50 * np.sin(np.arange(96) * 1.2) * np.ones((96, 1))
    across, along = (np.abs(band).mean() for band in next(bands(grating, 1, (0, 3))))
    assert across > 10
    assert along < 1e-9


def test_ifc_finds_the_channel_that_made_a_band() -> None:
    band = np.random.default_rng(1).normal(0, 5, (60, 60))
    gain, noise = channel(0.5 * band + 3, band, 5)
    np.testing.assert_allclose(gain, 0.5)
    assert noise.max() < 1e-9
    gain, noise = channel(-band, band, 5)  # an inverted band tells nothing
    assert gain.max() == 0
    assert noise.mean() == pytest.approx(25, rel=0.1)


def test_ifc_of_independent_coefficients_has_one_bit_each_where_noise_equals_signal() -> None:
    random = np.random.default_rng(2)
    field, eigenvalues = scale_mixture(random.normal(0, 3, (300, 300)))
    assert eigenvalues == pytest.approx([9] * 9, rel=0.06)
    assert field.mean() == pytest.approx(1, rel=0.01)
    # By hand: log2(1 + gain^2 * field * eigenvalue / noise) = log2(1 + 1 * 1 * 9 / 9) = 1.
    assert np.log2(1 + 1 * 1 * eigenvalues / 9).mean() == pytest.approx(1, abs=0.02)


def test_ifc_of_another_picture_is_near_zero() -> None:
    other = np.random.default_rng(3).normal(120, 30, PLANE.shape)
    assert ifc(other, PLANE) < 0.35 < 2 < ifc(PLANE + 1, PLANE)


def test_the_eye_needs_least_contrast_at_eight_cycles_per_degree() -> None:
    thresholds = {f: contrast_threshold(f) for f in (1, 2, 4, 8, 16, 32)}
    assert min(thresholds, key=lambda f: thresholds[f]) == 8
    # By hand: 1 / (520 * (0.0192 + 0.912) * exp(-0.912^1.1))
    assert thresholds[8] == pytest.approx(1 / (520 * 0.9312 * np.exp(-0.90364)), rel=1e-3)


def test_contrast_hides_a_change_smaller_than_the_masked_threshold() -> None:
    # By hand: 0.01 * (0.86 * (0.11 / 0.01 - 1) + 0.3) = 0.089
    contrast, change = np.array([0.11, 0.11]), np.array([0.088, 0.09])
    assert is_masked(contrast, contrast + change, 0.01).tolist() == [True, False]


def test_nqm_sees_no_difference_below_one_cycle_per_picture() -> None:
    assert nqm(PLANE, PLANE) == np.inf
    assert nqm(PLANE * np.float32(0.9), PLANE) > 19  # a factor of 0.9 alone has 20 dB


def test_niqe_finds_the_shapes_of_known_distributions() -> None:
    random = np.random.default_rng(4)
    shape, left, right = asymmetric_gaussian(random.normal(0, 1, (300, 300)))
    assert (shape, left, right) == pytest.approx((2, 2**0.5, 2**0.5), rel=0.03)
    shape, left, right = asymmetric_gaussian(random.laplace(0, 1, (300, 300)))
    assert (shape, left, right) == pytest.approx((1, 1, 1), rel=0.04)
    skewed = random.normal(0, 1, 90_000)
    _, left, right = asymmetric_gaussian(np.where(skewed < 0, skewed, 3 * skewed))
    assert right / left == pytest.approx(3, rel=0.02)


def test_a_niqe_model_can_be_fitted_and_saved(tmp_path: Path) -> None:
    model = niqe_module.fit([PLANE[:192, :192], PLANE[8:, 8:]])
    niqe_module.save(model, tmp_path / "model.npz")
    assert (tmp_path / "model.npz").stat().st_size < 100_000
    assert niqe(PLANE, model) < niqe(NOISY, model)


def test_lpips_and_dists_are_those_of_piq_in_color(monkeypatch: pytest.MonkeyPatch) -> None:
    def distance(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
        assert sr.shape == (1, 3, 8, 9)
        return (sr - hr).abs().mean()

    piq = SimpleNamespace(LPIPS=lambda: distance, DISTS=lambda: distance)
    monkeypatch.setitem(sys.modules, "piq", piq)
    learned._network.cache_clear()
    pair = Pair(np.zeros((8, 9, 3)), np.full((8, 9, 3), 51.0))
    assert METRICS["lpips"].of(pair) == METRICS["dists"].of(pair) == pytest.approx(0.2)
    learned._network.cache_clear()
    monkeypatch.setitem(sys.modules, "piq", None)
    for torch_version, ending in (
        ("2.13.0", "torch==2.13.0"),
        (
            "2.13.0+cpu",
            "torch==2.13.0+cpu --extra-index-url INDEX, where INDEX is the one that has"
            " torch 2.13.0+cpu",
        ),
    ):
        monkeypatch.setattr(learned, "version", lambda _, own=torch_version: own)
        with pytest.raises(UsageError, match=r"dists: needs piq, and the torchvision of ") as told:
            METRICS["dists"].of(pair)
        assert str(told.value).endswith(f"pip install piq torchvision {ending}")


def test_lpips_without_its_weights_says_which_files_go_where(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Distance:
        _weights_url = "https://example.org/lpips_weights.pt"

        def __init__(self) -> None:
            raise URLError("no route to host")

    published = SimpleNamespace(url="https://example.org/vgg16-397923af.pth")
    weights = SimpleNamespace(IMAGENET1K_V1=published)
    models = SimpleNamespace(VGG16_Weights=weights)
    monkeypatch.setitem(sys.modules, "piq", SimpleNamespace(LPIPS=Distance))
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(models=models))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    learned._network.cache_clear()
    with pytest.raises(UsageError) as refused:
        METRICS["lpips"].of(Pair(np.zeros((8, 9, 3)), np.zeros((8, 9, 3))))
    text = str(refused.value)
    assert "no route to host" in text
    assert (
        "https://example.org/lpips_weights.pt and https://example.org/vgg16-397923af.pth on another"
        in text
    )
    assert text.endswith(f"put both files into {tmp_path / 'hub' / 'checkpoints'}")


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(
        UsageError, match="--metrics vmaf: unknown; the metrics are psnr, ssim, mse"
    ):
        chosen(["psnr", "vmaf"])


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "eval").is_dir(), reason=f"the standard sets are not in {DATA}")
def test_bicubic_has_the_published_ifc_and_nqm_on_set5() -> None:
    """Dong et al., TPAMI 2016, table 3: 2.35 bits and 21.42 dB at x4."""
    lumas = [bicubic_lumas(read_rgb(path), 4) for path in list_images([DATA / "eval" / "Set5"])]
    planes = [(crop_border(each.sr, 4), crop_border(each.hr, 4)) for each in lumas]
    assert np.mean([ifc(*pair) for pair in planes]) == pytest.approx(2.35, abs=0.03)
    assert np.mean([nqm(*pair) for pair in planes]) == pytest.approx(21.42, abs=0.06)
