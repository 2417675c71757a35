from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.small import corpora_for, setting, small_recipe
from training.run import checkpoint
from training.run.loop import Diverged, train
from training.run.trainer import Run


def test_writes_metrics_and_tensorboard_events(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn"), setting(tmp_path / "run", photographs, every=6))
    train(run, corpora_for("espcn", photographs))
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert rows[0] == "iteration,loss,lr,monitor_psnr,monitor_ssim"
    assert [row.split(",")[0] for row in rows[1:]] == ["6", "12"]
    assert list((tmp_path / "run").glob("events.out.tfevents.*"))


def test_stops_on_nan_and_keeps_the_last_checkpoint(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn"), setting(tmp_path / "run", photographs))
    corpora = corpora_for("espcn", photographs)
    run.step(corpora)
    run.save()
    with torch.no_grad():
        next(run.net.parameters()).fill_(torch.nan)
    with pytest.raises(Diverged, match="lower the recipe's lr"):
        train(run, corpora)
    weights = checkpoint.load_weights("run", tmp_path, tmp_path)
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_keeps_half_precision_weights(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn", 2), setting(tmp_path / "runs" / "espcn_x2", photographs))
    train(run, corpora_for("espcn", photographs))
    checkpoint.keep("espcn_x2", tmp_path / "runs", tmp_path / "kept")
    kept = checkpoint.load_weights("espcn_x2", tmp_path / "elsewhere", tmp_path / "kept")
    for key, value in run.ema.module.state_dict().items():
        torch.testing.assert_close(kept[key], value, atol=1e-3, rtol=1e-3)


def test_names_the_command_when_weights_are_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="python -m training train edsr_x2"):
        checkpoint.load_weights("edsr_x2", tmp_path, tmp_path)


def test_an_early_stop_keeps_the_best_weights(photographs: Path, tmp_path: Path) -> None:
    """At a rate of almost 0, the first checkpoint stays the best."""
    recipe = replace(small_recipe("espcn", 100), lr=1e-12, final_lr=1e-12, early_stop=2)
    run = Run(recipe, setting(tmp_path / "run", photographs, every=2))
    train(run, corpora_for("espcn", photographs))
    assert run.iteration < 20
    weights = checkpoint.load_weights("run", tmp_path, tmp_path)
    assert weights.keys() == run.net.state_dict().keys()
    assert (tmp_path / "run" / "best.pt").exists()
