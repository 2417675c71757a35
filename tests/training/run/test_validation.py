"""The validation loss, the picture in TensorBoard, and what decides the best and the end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.training.conftest import draw_photograph
from tests.training.small import corpora_for, setting, small_recipe
from training.recipes.recipe import Stage
from training.run import checkpoint, metrics
from training.run.best_score import Best, gain_of, text_of
from training.run.loop import train
from training.run.trainer import Run
from training.run.validation import validate

MSE = (Stage(1.0, 2, 12, {"mse": 1.0, "adversarial": 0.1}),)


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monitored")
    Image.fromarray(draw_photograph(7, 60)).save(folder / "small.png")
    return folder


@pytest.mark.parametrize("kind", ["bicubic", "area"])
def test_the_validation_loss_is_that_of_the_stage_without_the_adversary(
    kind: str, monitored: Path, tmp_path: Path
) -> None:
    recipe = replace(small_recipe("fast_other"), stages=MSE)
    run = Run(replace(recipe, degradation=kind), setting(tmp_path, monitored))  # type: ignore[arg-type]
    hr = draw_photograph(7, 60)
    found = validate(run)
    lr, sr = found.shown[:, :60], found.shown[:, 60:120].astype(float)
    np.testing.assert_array_equal(found.shown[:, 120:], hr)
    assert found.loss == pytest.approx(np.square((sr - hr) / 255).mean(), rel=0.03, abs=2e-5)
    if kind == "area":
        means = hr.reshape(30, 2, 30, 2, 3).mean((1, 3))
        assert np.abs(lr[::2, ::2] - means).max() <= 0.51


def test_pairs_are_validated_with_the_lr_of_their_files(monitored: Path, tmp_path: Path) -> None:
    low = tmp_path / "low.png"
    Image.new("RGB", (30, 30), "red").save(low)
    pairs = ((monitored / "small.png", low),)
    shown = validate(
        Run(small_recipe("fast"), replace(setting(tmp_path, monitored), monitored_pairs=pairs))
    ).shown
    assert (shown[:, :60] == (255, 0, 0)).all()
    np.testing.assert_array_equal(shown[:, 120:], draw_photograph(7, 60))


def test_a_run_notes_its_validation_loss_shows_a_picture_and_keeps_its_best_weights(
    photographs: Path, monitored: Path, tmp_path: Path
) -> None:
    """At a huge rate, the first checkpoint stays the best."""
    recipe = replace(small_recipe("espcn", 4), lr=10.0, warmup=1, clip=0.0, ema=0.0)
    run = Run(recipe, setting(tmp_path / "run", monitored, every=1))
    train(run, corpora_for("espcn", photographs))
    header, *rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert header.endswith(",validation_loss")
    assert all(float(row.rpartition(",")[2]) > 0 for row in rows)
    events = EventAccumulator(str(tmp_path / "run"))
    events.Reload()
    assert [point.step for point in events.Images("LR | SR | HR")] == [1, 2, 3, 4]
    assert [point.step for point in events.Scalars("validation_loss")] == [1, 2, 3, 4]
    psnrs = [float(row.split(",")[3]) for row in rows]
    assert run.best.iteration == 1 + psnrs.index(max(psnrs)) < 4
    best = torch.load(tmp_path / "run" / "best_so_far.pt", weights_only=True)
    last = checkpoint.load_weights("run", tmp_path, tmp_path)
    assert any(not torch.equal(best[key], last[key]) for key in best)


def test_stopping_the_plateau_and_the_best_each_watch_their_own_figure(
    monitored: Path, tmp_path: Path
) -> None:
    recipe = replace(
        small_recipe("espcn"),
        schedule="plateau",
        plateau_on="loss",
        patience=2,
        early_stop=3,
        stop_on="validation_loss",
        best_on="ssim",
    )
    run = Run(recipe, setting(tmp_path, monitored))
    rates, over = [], []
    for number in range(4):
        run.iteration = number + 1
        figures = {"psnr": 30.0 + number, "ssim": 0.7 + number / 100}
        run.judge(figures | {"loss": 0.1, "validation_loss": 0.2 + number})
        over.append(run.stops_early)
        rates.append(run.optimizer.param_groups[0]["lr"])
    assert over == [False, False, False, True]
    assert [rate / rates[0] for rate in rates] == [1, 1, 0.5, 0.5]
    assert (run.best.iteration, run.stop.iteration) == (4, 1)
    assert text_of(run.best.gain, "ssim") == "SSIM 0.7300"
    assert text_of(run.stop.gain, "validation_loss") == "validation loss 0.2"


def test_a_smaller_loss_is_a_gain() -> None:
    assert gain_of({"loss": 0.2}, "loss") == -0.2
    assert gain_of({"psnr": 30}, "psnr") == 30
    assert Best(-0.2, 0, 1).after(-0.1, 2) == Best(-0.1, 0, 2)


def test_an_older_table_keeps_its_columns(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("iteration,loss\n1,0.5\n")
    metrics.append(tmp_path, {"iteration": 2, "loss": 0.25, "validation_loss": 0.3})
    assert (tmp_path / "metrics.csv").read_text().split() == ["iteration,loss", "1,0.5", "2,0.25"]
