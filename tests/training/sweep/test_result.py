"""What a sweep knows of one trial."""

import pytest

from training.recipes import RECIPES
from training.sweep.result import Result


@pytest.mark.parametrize(
    ("recipe", "channels"),
    [("fast_x4_relu", 32), ("resnet_x4_report", 128), ("srcnn_x3", None)],
)
def test_an_option_is_that_of_the_recipe_or_of_the_network(
    recipe: str, channels: int | None
) -> None:
    result = Result(1, RECIPES[recipe], {}, "complete", 1.0, {}, "trial-001")
    assert result.option("channels") == channels
