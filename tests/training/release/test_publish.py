from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from sr_batch.inference.model_catalog import choose
from sr_batch.inference.onnx_session import OnnxSession
from tests.training.small import spec_of
from training.evaluate.protocol import protocol_of
from training.models import build
from training.recipes.recipe import Recipe, Stage
from training.release import publish as publishing
from training.release.basis import Basis
from training.release.certify import NotCertified
from training.release.publish import ReleaseSetting, publish
from training.release.record_outputs import fits_its_record
from training.release.trained_run import TrainedRun

PLAIN = Recipe(
    "fast", 2, 1, 1e-3, (Stage(1, 1, 8, {"l1": 1}),), {"channels": 16, "blocks": 1, "convs": 3}
)
ROUNDED = Recipe(PLAIN.model, 2, 1, 1e-3, PLAIN.stages, PLAIN.model_options, quantized=True)
METRICS = "iteration,loss,lr,monitor_psnr,monitor_ssim\n1,0.1,1e-3,30,0.8\n2,0.05,1e-4,31,0.9\n"


@pytest.fixture
def setting(data: Path, tmp_path: Path) -> ReleaseSetting:
    (tmp_path / "metrics.csv").write_text(METRICS)
    return ReleaseSetting(data, tmp_path, workers=1)


def weights(deviation: float) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    net = build(PLAIN.model, 2, PLAIN.model_options)
    torch.nn.init.normal_(net.get_parameter("tail.weight"), 0, deviation)
    return net.state_dict()


def test_publishes_every_precision_with_a_card(setting: ReleaseSetting) -> None:
    metrics = setting.exported / "metrics.csv"
    shipped = publish(TrainedRun(PLAIN, weights(0.01), metrics), "fast", setting)
    shipped |= publish(TrainedRun(ROUNDED, weights(0.01), metrics), "fast", setting)
    assert shipped.keys() == {"fast_x2", "fast_x2_fp16", "fast_x2_int8"}
    for stem, spec in shipped.items():
        assert OnnxSession.open(setting.exported / f"{stem}.onnx").spec == spec
        card = (setting.exported / f"{stem}.md").read_text(encoding="utf-8")
        assert ("Loss against fp32" in card) == (spec.precision != "fp32")
        pictured = stem.removesuffix("_fp16")
        assert f"({pictured}.png)" in card
        assert f"({pictured}.jpg)" in card
        assert fits_its_record(setting.exported / f"{stem}.onnx")
    assert not list(setting.exported.glob("*draft*"))


@pytest.mark.slow
def test_refuses_an_int8_file_that_loses_too_much(setting: ReleaseSetting) -> None:
    metrics = setting.exported / "metrics.csv"
    publish(TrainedRun(PLAIN, weights(0.01), metrics), "fast", setting)
    with pytest.raises(NotCertified, match="int8 loses"):
        publish(TrainedRun(ROUNDED, weights(1.0), metrics), "fast", setting)
    assert not (setting.exported / "fast_x2_int8.onnx").exists()
    assert not list(setting.exported.glob("*draft*"))


class _Seen(Exception):
    """Carries the LR that a measurement would see."""


def see(*arguments: Any) -> None:
    *_, reduce = arguments
    raise _Seen(reduce(HR, 2))


HR = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)


def test_tiles_and_int8_ranges_are_measured_on_lr_as_in_the_training(
    setting: ReleaseSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "calibration", see)
    monkeypatch.setattr(publishing, "lr_crops", see)
    plain, rounded = (replace(plan, degradation="area") for plan in (PLAIN, ROUNDED))
    spec, net = spec_of("fast", 2, "rgb"), build(PLAIN.model, 2, PLAIN.model_options)
    basis = Basis((), protocol_of(plain))
    with pytest.raises(_Seen) as ranges:
        publishing._variants(onnx.ModelProto(), net, rounded, spec, setting)
    with pytest.raises(_Seen) as tiles:
        publishing._release(onnx.load(choose("fast")[2].path), spec, setting, basis)
    means = HR.reshape(4, 2, 4, 2, 3).mean((1, 3)).transpose(2, 0, 1)
    for seen in (ranges, tiles):
        np.testing.assert_allclose(seen.value.args[0], means, atol=1e-3)
