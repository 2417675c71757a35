"""Networks with the weights that a recipe gave them."""

import torch
from torch import nn

from training.models import build
from training.models.fast import ConvStack
from training.models.rewrite import rewrite
from training.models.widen import widened
from training.recipes.recipe import Recipe
from training.run.checkpoint import State


def network(recipe: Recipe, weights: State) -> nn.Module:
    """The network of ``recipe`` with its trained ``weights``."""
    net = build(recipe.model, recipe.scale, recipe.model_options)
    net.load_state_dict(dict(weights))
    return net.eval()


def starting_weights(recipe: Recipe, source: Recipe, weights: State) -> State:
    """The ``weights`` of ``source`` in the form that ``recipe`` starts from.

    A recipe with a direct tail starts from the collapse of a staged one, one with a reduced tail
    from the output of ``source``, reduced, and a wider network as the same function.
    """
    if recipe.widened:
        larger = build(recipe.model, recipe.scale, recipe.model_options)
        assert isinstance(larger, ConvStack)
        return widened(weights, larger)
    if recipe.reduced_tail:
        return _with_reduced_tail(weights, source.scale, recipe.scale)
    if recipe.model_options.get("tail") != "direct":
        return weights
    return rewrite(network(source, weights)).state_dict()


def _with_reduced_tail(weights: State, old: int, new: int) -> State:
    """``weights`` whose ``tail``, a convolution before a shuffle, is for ``new`` < ``old``."""
    means = torch.kron(*[_area_means(old, new)] * 2)  # (new * new, old * old)
    tail = {
        name: torch.einsum("po,co...->cp...", means, value.float().unflatten(0, (-1, old**2)))
        for name, value in weights.items()
        if name.startswith("tail.")
    }
    return {**weights, **{name: value.flatten(0, 1) for name, value in tail.items()}}


def _area_means(old: int, new: int) -> torch.Tensor:
    """The matrix (new, old) that reduces a row of ``old`` pixels to ``new`` by area."""
    edges = torch.arange(new + 1) * old / new
    left, right = edges[:-1, None], edges[1:, None]
    starts = torch.arange(old)
    shared = (torch.minimum(right, starts + 1) - torch.maximum(left, starts)).clamp(min=0)
    return shared * new / old
