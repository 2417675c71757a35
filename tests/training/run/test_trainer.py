from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
import torch
from torch import nn

from tests.training.small import CONFIGS, corpora_for, setting, slow_unless_quick, small_recipe
from training.data.patches import Batch
from training.models import MODELS
from training.recipes import RECIPES
from training.recipes.recipe import Recipe, Stage, stage_at
from training.run.loop import train
from training.run.trainer import Run


@pytest.mark.parametrize("config", slow_unless_quick(sorted(CONFIGS)))
def test_a_few_steps_learn_to_darken(config: str, photographs: Path, tmp_path: Path) -> None:
    """The initial weights interpolate, which is far from this goal, so that few steps show it."""
    recipe = replace(small_recipe(config, 60), stages=(Stage(1.0, 2, 12, {"l1": 1}),))
    run = Run(recipe, setting(tmp_path / "run", photographs))
    bright = corpora_for(recipe.model, photographs)
    dark = {scale: replace(corpus, hr=corpus.hr // 2) for scale, corpus in bright.items()}
    losses = [run.step(dark).item() for _ in range(60)]
    assert fmean(losses[-10:]) < 0.85 * fmean(losses[:5])


@pytest.mark.parametrize("config", slow_unless_quick(sorted(CONFIGS)))
def test_resumes_exactly(config: str, photographs: Path, tmp_path: Path) -> None:
    whole, resumed = _whole_and_resumed(small_recipe(config), 7, photographs, tmp_path)
    _require_same(whole.net, resumed.net)
    _require_same(whole.ema, resumed.ema)


def test_resumes_exactly_with_muon(photographs: Path, tmp_path: Path) -> None:
    recipe = replace(small_recipe("fast", 6), optimizer="muon")
    whole, resumed = _whole_and_resumed(recipe, 4, photographs, tmp_path)
    _require_same(whole.net, resumed.net)
    _require_same(whole.ema, resumed.ema)


def test_resumes_exactly_with_jitter(photographs: Path, tmp_path: Path) -> None:
    recipe = replace(small_recipe("fast", 6), stages=(Stage(1.0, 2, 12, {"l1": 1}, jitter=3),))
    whole, resumed = _whole_and_resumed(recipe, 4, photographs, tmp_path)
    _require_same(whole.net, resumed.net)


def test_jitter_hides_a_random_number_of_rows_and_columns_from_the_losses(
    photographs: Path, tmp_path: Path
) -> None:
    recipe = replace(small_recipe("fast", 6), degradation="area")
    run = Run(recipe, setting(tmp_path / "run", photographs))
    stage = Stage(1.0, 2, 12, {"mse": 1}, border=1, jitter=3)
    sr = torch.zeros(1, 3, 24, 24)
    off = torch.zeros_like(sr)
    off[..., 4, 4] = 1  # always seen; (0, 0) never is
    off[..., 0, 0] = 1
    batch = Batch(sr, off, None)
    losses = {round(run._loss(stage, batch, sr).item(), 6) for _ in range(60)}
    assert losses == {
        round(1 / (rows * columns), 6) for rows in range(19, 23) for columns in range(19, 23)
    }


@pytest.mark.slow
def test_resumes_exactly_with_a_discriminator(photographs: Path, tmp_path: Path) -> None:
    stages = (Stage(0.3, 2, 8, {"l1": 1}), Stage(1.0, 2, 8, {"l1": 0.01, "adversarial": 0.005}))
    recipe = replace(small_recipe("esrgan", 6), stages=stages)
    whole, resumed = _whole_and_resumed(recipe, 4, photographs, tmp_path)
    _require_same(whole.net, resumed.net)
    _require_same(_opponent(whole), _opponent(resumed))


def _whole_and_resumed(
    recipe: Recipe, broken_after: int, photographs: Path, folder: Path
) -> tuple[Run, Run]:
    """A run to its end, and one that was killed and resumed."""
    corpora = corpora_for(recipe.model, photographs)
    whole = Run(recipe, setting(folder / "whole", photographs))
    train(whole, corpora)
    first = Run(recipe, setting(folder / "broken", photographs))
    for _ in range(broken_after):
        first.step(corpora)
    first.save()
    first.step(corpora)  # lost with the process: the checkpoint is what counts
    second = Run(recipe, setting(folder / "broken", photographs))
    assert second.resume()
    train(second, corpora)
    return whole, second


def _require_same(ours: nn.Module, theirs: nn.Module) -> None:
    expected, found = ours.state_dict(), theirs.state_dict()
    assert all(torch.equal(expected[key], found[key]) for key in expected)


def _opponent(run: Run) -> nn.Module:
    assert run.objective.adversary is not None
    return run.objective.adversary.net


def test_starts_from_the_tensors_that_match(photographs: Path, tmp_path: Path) -> None:
    donor = Run(small_recipe("espcn"), setting(tmp_path / "a", photographs))
    heir = Run(
        replace(small_recipe("espcn"), scale=3, seed=2), setting(tmp_path / "b", photographs)
    )
    left = heir.start_from(donor.net.state_dict())
    assert left == ["tail.bias", "tail.weight"]
    kept = "body.1.weight"
    assert torch.equal(heir.net.state_dict()[kept], donor.net.state_dict()[kept])


def test_averages_the_gradients_of_several_passes(photographs: Path, tmp_path: Path) -> None:
    """The same patch several times gives the same step as once."""
    corpora = corpora_for("espcn", photographs)
    one_patch = {scale: replace(c, hr=c.hr[:1], lr=c.lr[:1]) for scale, c in corpora.items()}
    flat = {s: replace(c, hr=c.hr * 0 + 90, lr=c.lr * 0 + 90) for s, c in one_patch.items()}
    weights = []
    for passes in (1, 3):
        stages = (Stage(1.0, 2, 12, {"l1": 1}, accumulate=passes),)
        run = Run(replace(small_recipe("espcn"), stages=stages), setting(tmp_path, photographs))
        run.step(flat)
        weights.append(run.net.state_dict())
    for key, value in weights[0].items():
        torch.testing.assert_close(value, weights[1][key], atol=1e-6, rtol=1e-4)


def test_one_set_of_weights_trains_for_several_scales(photographs: Path, tmp_path: Path) -> None:
    recipe = replace(small_recipe("vdsr", 30), scales=(3, 4))
    run = Run(recipe, setting(tmp_path, photographs))
    corpora = corpora_for("vdsr", photographs, (2, 3, 4))
    dark = {scale: replace(c, hr=c.hr // 2) for scale, c in corpora.items()}
    before = run.net.state_dict()["body.0.weight"].clone()
    for _ in range(3):
        run.step(dark)
    assert not torch.equal(run.net.state_dict()["body.0.weight"], before)
    lr = torch.rand(1, 1, 6, 6)
    assert {s: run._forward(s, lr).shape[-1] for s in (2, 3, 4)} == {2: 12, 3: 18, 4: 24}


def test_patches_have_equal_hr_size_at_every_scale(photographs: Path, tmp_path: Path) -> None:
    recipe = replace(small_recipe("vdsr"), scales=(3, 4))
    run = Run(recipe, setting(tmp_path, photographs))
    corpora = corpora_for("vdsr", photographs, (2, 3, 4))
    tried = [run._run_batch(corpora, recipe.stages[0]) for _ in range(12)]
    assert {(batch.lr.shape[-1], sr.shape[-1]) for batch, sr in tried} == {
        (12, 24),
        (8, 24),
        (6, 24),
    }


def test_a_run_may_have_no_average_no_clipping_and_other_initial_weights(
    photographs: Path, tmp_path: Path
) -> None:
    corpora = corpora_for("espcn", photographs)
    plain = replace(small_recipe("espcn"), ema=0.0, clip=0.0, start="glorot")
    run = Run(plain, setting(tmp_path, photographs))
    assert not run.net.get_parameter("body.0.bias").any()
    start = run.net.get_parameter("body.0.weight").clone()
    run.step(corpora)
    _require_same(run.net, run.ema.module)
    clipped = Run(replace(plain, clip=1e-9), setting(tmp_path, photographs))
    assert torch.equal(start, clipped.net.get_parameter("body.0.weight"))
    clipped.step(corpora)
    norms = [
        sum(p.grad.norm() for p in each.net.parameters() if p.grad is not None)
        for each in (run, clipped)
    ]
    assert norms[1] < 1e-6 < norms[0]


def test_a_teacher_is_a_second_target(photographs: Path, tmp_path: Path) -> None:
    corpora = corpora_for("espcn", photographs)
    black = {s: replace(c, taught=torch.zeros_like(c.hr)) for s, c in corpora.items()}
    recipe = replace(small_recipe("espcn"), teaching=2.0)
    alone = Run(recipe, setting(tmp_path, photographs)).step(corpora)
    taught = Run(recipe, setting(tmp_path, photographs)).step(black)
    assert taught > alone + 0.3  # twice the mean brightness


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_covers_its_run(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.scale in MODELS[recipe.model].scales
    assert recipe.init is None or recipe.init in RECIPES
    scales = [RECIPES[teacher].scale for teacher in recipe.teachers]
    assert set(scales) <= {recipe.scale, *recipe.scales}
    assert len(scales) == len(set(scales))  # one teacher for a scale
    if recipe.iterations:
        assert stage_at(recipe, recipe.iterations - 1) == recipe.stages[-1]
    else:  # what it starts from is rounded as it is
        assert recipe.init is not None
        assert recipe.quantized
        assert not recipe.stages
