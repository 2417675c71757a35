from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
import torch

from tests.training.small import SMALL
from training import checkpoint
from training.data import Corpus, list_images, load_corpus
from training.loop import Diverged, Run, Setting, lr_factor, stage_at, train
from training.models import MODELS
from training.recipes import RECIPES, Recipe, Stage


def small_recipe(model: str, iterations: int = 12) -> Recipe:
    stages = (
        Stage(0.5, 2, 12, {"l1": 1}),
        Stage(0.8, 2, 16, {"charbonnier": 1, "fft": 0.05}),
        Stage(1.0, 2, 16, {"mse": 1}),
    )
    scale = MODELS[model].scales[0]
    return Recipe(model, scale, iterations, 1e-3, stages, SMALL[model], warmup=3)


def setting(folder: Path, photographs: Path, every: int = 100) -> Setting:
    monitor = tuple(list_images([photographs])[:1])
    return Setting(folder, torch.device("cpu"), False, monitor, every)


def corpus_for(model: str, photographs: Path) -> Corpus:
    scale = MODELS[model].scales[0]
    return load_corpus(list_images([photographs]), scale, MODELS[model].config(scale=scale).color)


@pytest.mark.parametrize("model", sorted(SMALL))
def test_learns_to_darken(model: str, photographs: Path, tmp_path: Path) -> None:
    """Where a start that interpolates is far from the goal, so that few steps show learning."""
    recipe = replace(small_recipe(model, 60), stages=(Stage(1.0, 2, 12, {"l1": 1}),))
    run = Run(recipe, setting(tmp_path / "run", photographs))
    bright = corpus_for(model, photographs)
    dark = replace(bright, hr=bright.hr // 2)
    losses = [run.step(dark).item() for _ in range(60)]
    assert fmean(losses[-10:]) < 0.85 * fmean(losses[:5])


@pytest.mark.parametrize("model", sorted(SMALL))
def test_resumes_exactly(model: str, photographs: Path, tmp_path: Path) -> None:
    corpus = corpus_for(model, photographs)
    whole = Run(small_recipe(model), setting(tmp_path / "whole", photographs))
    train(whole, corpus)

    first = Run(small_recipe(model), setting(tmp_path / "broken", photographs))
    for _ in range(7):
        first.step(corpus)
    first.save()
    first.step(corpus)  # lost with the process: the checkpoint is what counts
    second = Run(small_recipe(model), setting(tmp_path / "broken", photographs))
    assert second.resume()
    train(second, corpus)

    for ours, theirs in ((whole.net, second.net), (whole.ema, second.ema)):
        expected, found = ours.state_dict(), theirs.state_dict()
        assert all(torch.equal(expected[key], found[key]) for key in expected)


def test_leaves_curves(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn"), setting(tmp_path / "run", photographs, every=6))
    train(run, corpus_for("espcn", photographs))
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert rows[0] == "iteration,loss,lr,monitor_psnr,monitor_ssim"
    assert [row.split(",")[0] for row in rows[1:]] == ["6", "12"]
    assert list((tmp_path / "run").glob("events.out.tfevents.*"))


def test_stops_on_nan_and_keeps_the_last_checkpoint(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn"), setting(tmp_path / "run", photographs))
    corpus = corpus_for("espcn", photographs)
    run.step(corpus)
    run.save()
    with torch.no_grad():
        next(run.net.parameters()).fill_(torch.nan)
    with pytest.raises(Diverged, match="lower the recipe's lr"):
        train(run, corpus)
    weights = checkpoint.load_weights("run", tmp_path, tmp_path)
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_warm_starts_what_fits(photographs: Path, tmp_path: Path) -> None:
    donor = Run(small_recipe("espcn"), setting(tmp_path / "a", photographs))
    heir = Run(
        replace(small_recipe("espcn"), scale=3, seed=2), setting(tmp_path / "b", photographs)
    )
    left = heir.start_from(donor.net.state_dict())
    assert left == ["tail.bias", "tail.weight"]
    kept = "body.1.weight"
    assert torch.equal(heir.net.state_dict()[kept], donor.net.state_dict()[kept])


def test_keeps_half_precision_weights(photographs: Path, tmp_path: Path) -> None:
    run = Run(small_recipe("espcn", 2), setting(tmp_path / "runs" / "espcn_x2", photographs))
    train(run, corpus_for("espcn", photographs))
    checkpoint.keep("espcn_x2", tmp_path / "runs", tmp_path / "kept")
    kept = checkpoint.load_weights("espcn_x2", tmp_path / "elsewhere", tmp_path / "kept")
    for key, value in run.ema.module.state_dict().items():
        torch.testing.assert_close(kept[key], value, atol=1e-3, rtol=1e-3)


def test_names_the_command_when_weights_are_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="python -m training train edsr_x2"):
        checkpoint.load_weights("edsr_x2", tmp_path, tmp_path)


def test_warms_up_and_decays() -> None:
    recipe = small_recipe("espcn", 100)
    factors = [lr_factor(recipe, i) for i in range(101)]
    assert factors[0] == pytest.approx(1 / 3)
    assert max(factors) == factors[2] == 1
    assert factors[2:] == sorted(factors[2:], reverse=True)
    assert factors[-1] == pytest.approx(recipe.final_lr / recipe.lr)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_covers_its_run(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.scale in MODELS[recipe.model].scales
    assert recipe.init is None or recipe.init in RECIPES
    assert stage_at(recipe, recipe.iterations - 1) == recipe.stages[-1]
