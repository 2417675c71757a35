"""Networks with the weights that a recipe gave them."""

from torch import nn

from training.models import build
from training.models.rewrite import rewrite
from training.recipes.recipe import Recipe
from training.run.checkpoint import State


def network(recipe: Recipe, weights: State) -> nn.Module:
    """The network of ``recipe`` with its trained ``weights``."""
    net = build(recipe.model, recipe.scale, recipe.model_options)
    net.load_state_dict(dict(weights))
    return net.eval()


def starting_weights(recipe: Recipe, source: Recipe, weights: State) -> State:
    """The ``weights`` of ``source`` in the form that ``recipe`` starts from.

    A recipe with a direct tail starts from the collapse of a staged one.
    """
    if recipe.model_options.get("tail") != "direct":
        return weights
    return rewrite(network(source, weights)).state_dict()
