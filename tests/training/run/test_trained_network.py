import pytest
import torch
import torch.nn.functional as F

from training.models.photo import Config, Photo
from training.recipes.recipe import Recipe
from training.run.trained_network import starting_weights


@pytest.mark.parametrize("scale", [2, 3])
def test_a_reduced_tail_starts_as_the_output_of_x4_reduced_by_area(scale: int) -> None:
    small = {"channels": 8, "blocks": 1}
    source = Photo(Config(4, channels=8, blocks=1))
    for parameter in source.tail.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    recipe = Recipe("photo", scale, 1, 1e-3, (), small, reduced_tail=True)
    net = Photo(Config(scale, channels=8, blocks=1))
    weights = starting_weights(recipe, Recipe("photo", 4, 1, 1e-3, (), small), source.state_dict())
    net.load_state_dict({**net.state_dict(), **{k: v for k, v in weights.items() if "tail" in k}})
    features = torch.rand(1, 8, 12, 9)
    with torch.no_grad():
        large = source.shuffle(source.tail(features))
        found = net.shuffle(net.tail(features))
    expected = F.interpolate(large, found.shape[-2:], mode="area")
    if scale == 2:  # at x3, torch's windows overlap
        torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.mean((-2, -1)), large.mean((-2, -1)))
