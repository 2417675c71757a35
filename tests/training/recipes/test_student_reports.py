"""What the source reports state of their training, in the recipes that repeat them."""

import pytest

from training.optim.optimizer import lr_factor
from training.recipes.student_reports import REPORTS


@pytest.mark.parametrize("name", ["refiner_x4_report", "resnet_x4_report"])
def test_report_d_never_exceeds_its_rate_and_stops_by_the_mse_of_validation(name: str) -> None:
    recipe = REPORTS[name]
    rates = [recipe.lr * lr_factor(recipe, i) for i in range(0, recipe.iterations, 500)]
    assert max(rates) == rates[0] == 1e-4
    assert rates[-1] < 1e-6 + 1e-5
    assert (recipe.stop_on, recipe.best_on) == ("validation_loss", "validation_loss")
    assert [stage.loss for stage in recipe.stages] == [{"mse": 1.0}]
