from pathlib import Path

import pytest
import torch

from training.losses.objective import NAMES, Objective, make_objective
from training.losses.pixel import LOSSES, consistency
from training.models import BadConfig


def objective_of(*names: str, features: Path = Path("none")) -> Objective:
    return make_objective(names, 2, 1e-3, features, torch.device("cpu"))


def test_pixel_losses_need_no_further_network() -> None:
    objective = objective_of("l1", "mse")
    sr, hr = torch.rand(2, 1, 2, 3, 24, 24)
    assert objective({"l1": 2.0}, sr, hr) == 2 * LOSSES["l1"](sr, hr)
    assert objective.state_dict() == {}


def test_consistency_reduces_by_the_scale_of_the_network() -> None:
    sr, hr = torch.rand(2, 1, 3, 24, 24)
    assert objective_of("consistency")({"consistency": 1}, sr, hr) == consistency(2)(sr, hr)


def test_an_unknown_loss_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(BadConfig, match=r"no loss is called l2[:.] .*There are l1, mse") as error:
        objective_of("l2")
    assert all(name in str(error.value) for name in NAMES)
    with pytest.raises(BadConfig, match=r"did you mean perceptual\?"):
        objective_of("perceptive")


def test_the_perceptual_loss_needs_its_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        objective_of("perceptual", features=tmp_path / "none")


def test_the_discriminator_trains_only_in_stages_that_use_it() -> None:
    objective = objective_of("l1", "adversarial")
    assert objective.adversary is not None
    weight = next(objective.adversary.net.parameters())
    before = weight.clone()
    sr, hr = torch.rand(2, 2, 3, 32, 32)
    objective.learn({"l1": 1}, sr, hr)
    assert torch.equal(weight, before)
    objective.learn({"adversarial": 1}, sr, hr)
    assert not torch.equal(weight, before)


def test_with_a_weight_of_zero_only_the_discriminator_learns() -> None:
    objective = objective_of("l1", "adversarial")
    assert objective.adversary is not None
    weight = next(objective.adversary.net.parameters())
    before = weight.clone()
    sr, hr = torch.rand(2, 2, 3, 32, 32)
    apart = {"l1": 1.0, "adversarial": 0.0}
    assert objective(apart, sr, hr) == LOSSES["l1"](sr, hr)
    objective.learn(apart, sr, hr)
    assert not torch.equal(weight, before)
