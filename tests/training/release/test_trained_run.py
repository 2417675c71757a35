"""Which weights of a run are exported."""

from pathlib import Path

import pytest
import torch

from tests.training.small import corpora_for, setting, small_recipe
from training.release.trained_run import trained_run
from training.release.training_section import training_section
from training.run import record
from training.run.places import Places
from training.run.record import Leg, Pictures
from training.run.trainer import Run


def figures(psnr: float) -> dict[str, float]:
    return {"psnr": psnr, "ssim": 0.9, "loss": 0.1, "validation_loss": 0.1}


def test_best_weights_are_exported_on_demand_and_the_card_says_so(
    photographs: Path, tmp_path: Path
) -> None:
    run = Run(small_recipe("espcn", 4), setting(tmp_path / "mine", photographs))
    (tmp_path / "mine").mkdir()
    record.begin_leg(tmp_path / "mine", Leg(0, "abc", run.recipe), Pictures({"p": 3}, 0.2))
    corpora = corpora_for("espcn", photographs)
    seen = []
    for psnr in (28.0, 31.0, 30.0):
        run.step(corpora)
        run.judge(figures(psnr))
        seen.append({name: value.clone() for name, value in run.ema.module.state_dict().items()})
    run.save()
    record.advance(tmp_path / "mine", 3, 3)
    places = Places(tmp_path, tmp_path, tmp_path / "kept")
    last, best = (trained_run("mine", places, best=wanted) for wanted in (False, True))
    for trained, expected in ((last, seen[2]), (best, seen[1])):
        assert all(torch.equal(trained.weights[name], expected[name]) for name in expected)
    assert "the best of the run" not in training_section(last.recipe, last.record)
    assert (
        "These are the weights of iteration 2, the best of the run by its PSNR."
        in training_section(best.recipe, best.record)
    )


def test_without_best_weights_the_message_says_what_to_do(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path, tmp_path)
    with pytest.raises(FileNotFoundError, match="without --best, the last weights are exported"):
        trained_run("espcn_x3", places, best=True)
