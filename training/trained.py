"""Networks with the weights that recipes gave them."""

from torch import nn

from training.checkpoint import State
from training.models import build
from training.recipe import Recipe
from training.rewrite import rewrite


def network(recipe: Recipe, weights: State) -> nn.Module:
    """The network of ``recipe`` with the ``weights`` it learnt."""
    net = build(recipe.model, recipe.scale, recipe.model_options)
    net.load_state_dict(dict(weights))
    return net.eval()


def starting_weights(recipe: Recipe, source: Recipe, weights: State) -> State:
    """``weights`` of ``source`` as ``recipe`` takes them over: collapsed for a direct tail."""
    if recipe.model_options.get("tail") != "direct":
        return weights
    return rewrite(network(source, weights)).state_dict()
