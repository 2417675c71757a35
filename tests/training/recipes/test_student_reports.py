"""What the source reports state of their training, in the recipes that repeat them."""

import pytest

from training.models import BadConfig, configure
from training.optim.optimizer import lr_factor
from training.recipes.fields import with_settings
from training.recipes.recipe import differences
from training.recipes.student_reports import REPORTS


@pytest.mark.parametrize("name", ["refiner_x4_report", "resnet_x4_report"])
def test_report_d_never_exceeds_its_rate_and_stops_by_the_mse_of_validation(name: str) -> None:
    recipe = REPORTS[name]
    rates = [recipe.lr * lr_factor(recipe, i) for i in range(0, recipe.iterations, 500)]
    assert max(rates) == rates[0] == 1e-4
    assert rates[-1] < 1e-6 + 1e-5
    assert (recipe.stop_on, recipe.best_on) == ("validation_loss", "validation_loss")
    assert [stage.loss for stage in recipe.stages] == [{"mse": 1.0}]


def test_report_a_began_with_a_shallow_network_in_all_colors() -> None:
    shallow, deep = REPORTS["srcnn_x2_report"], REPORTS["srcnn_deep_x2_report"]
    assert differences(shallow, deep).keys() == {"model", "model_options"}
    assert configure(shallow.model, 2, shallow.model_options).color == "rgb"


def test_report_b_normalizes_by_its_own_pictures_and_pads_with_zeros() -> None:
    recipe = REPORTS["srcnn_x3_report"]
    assert recipe.normalized
    assert recipe.model_options == {"start": "normal", "padding": "zeros"}
    wide = REPORTS["srcnn_x3_wide_report"]
    assert wide.model_options == {**recipe.model_options, "features": 128, "mapping": 64}


def test_only_networks_with_a_mean_can_be_normalized() -> None:
    with pytest.raises(BadConfig, match="normalized: espcn has no options mean and deviation"):
        with_settings(REPORTS["espcn_x3_report"], ["normalized=true"])
