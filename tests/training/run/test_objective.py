from pathlib import Path

import pytest
import torch

from tests.training.small import small_recipe
from training.losses.pixel import LOSSES, consistency
from training.models import BadConfig
from training.recipes.recipe import Recipe, Stage
from training.run.objective import NAMES, make_objective

CPU = torch.device("cpu")


def recipe_of(**loss: float) -> Recipe:
    return Recipe("espcn", 2, 1, 1e-3, (Stage(1.0, 1, 8, loss),))


def test_needs_no_network_for_plain_losses(tmp_path: Path) -> None:
    objective = make_objective(small_recipe("espcn"), tmp_path / "none", CPU)
    sr, hr = torch.rand(2, 1, 2, 3, 24, 24)
    assert objective({"l1": 2.0}, sr, hr) == 2 * LOSSES["l1"](sr, hr)
    assert objective.state_dict() == {}


def test_reduces_by_the_scale_of_the_recipe(tmp_path: Path) -> None:
    sr, hr = torch.rand(2, 1, 3, 24, 24)
    objective = make_objective(recipe_of(consistency=1), tmp_path, CPU)
    assert objective({"consistency": 1}, sr, hr) == consistency(2)(sr, hr)


def test_names_the_losses_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"no loss is called l2: .*There are l1, mse") as error:
        make_objective(recipe_of(l2=1), tmp_path, CPU)
    assert all(name in str(error.value) for name in NAMES)
    with pytest.raises(BadConfig, match=r"did you mean perceptual\?"):
        make_objective(recipe_of(perceptive=1), tmp_path, CPU)
    with pytest.raises(FileNotFoundError):
        make_objective(recipe_of(perceptual=1), tmp_path / "none", CPU)


def test_the_adversary_learns_only_where_it_counts(tmp_path: Path) -> None:
    objective = make_objective(recipe_of(l1=1, adversarial=0.005), tmp_path, CPU)
    assert objective.adversary is not None
    weight = next(objective.adversary.net.parameters())
    before = weight.clone()
    sr, hr = torch.rand(2, 2, 3, 32, 32)
    objective.learn({"l1": 1}, sr, hr)
    assert torch.equal(weight, before)
    objective.learn({"adversarial": 1}, sr, hr)
    assert not torch.equal(weight, before)
