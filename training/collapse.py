"""Exact rewrite of a linear sub-pixel tail as one convolution and one shuffle.

EDSR's tail has no activation: convolution, shuffle, (convolution, shuffle,) convolution is one
linear map, of 5x5 LR pixels at every scale. Inside the image the result is the same to rounding;
in the outer two LR pixels it differs, because the staged tail pads with zeros at every
resolution. The collapsed network is the one that is certified and measured.
"""

from copy import deepcopy
from dataclasses import replace

import torch
from torch import nn

from training.checkpoint import State
from training.models import MODELS, configure
from training.models.edsr import EDSR, Config, DirectTail, StagedTail
from training.recipe import Recipe

_KERNEL = 5
_CENTRE = 8  # of the probed map: far enough from its border that no padding is seen
_SIDE = 2 * _CENTRE + 1


def collapse(net: nn.Module, config: Config) -> tuple[nn.Module, Config]:
    """``net`` with a direct tail; any network without a staged tail comes back as it is."""
    if not isinstance(net, EDSR) or not isinstance(net.tail, StagedTail):
        return net, config
    direct = replace(config, tail="direct")
    collapsed = EDSR(direct)
    collapsed.head.load_state_dict(net.head.state_dict())
    collapsed.body.load_state_dict(net.body.state_dict())
    collapsed.tail = collapse_tail(net.tail, direct)
    return collapsed.eval(), direct


def starting_weights(recipe: Recipe, source: Recipe, weights: State) -> State:
    """``weights`` of ``source`` as ``recipe`` takes them over: collapsed for a direct tail."""
    if recipe.model_options.get("tail") != "direct":
        return weights
    config = configure(source.model, source.scale, source.model_options)
    net = MODELS[source.model].build(config)
    net.load_state_dict(dict(weights))
    return collapse(net, config)[0].state_dict()


@torch.no_grad()
def collapse_tail(tail: StagedTail, config: Config) -> DirectTail:
    """Read the 5x5 kernels off the responses of ``tail`` to single points, in float64."""
    probe = deepcopy(tail).double()
    scale, width = config.scale, config.channels
    still = probe(torch.zeros(1, width, _SIDE, _SIDE, dtype=torch.float64))
    points = torch.zeros(width, width, _SIDE, _SIDE, dtype=torch.float64)
    points[range(width), range(width), _CENTRE, _CENTRE] = 1
    response = probe(points) - still  # (width, 3, SIDE*s, SIDE*s)
    phases = nn.functional.pixel_unshuffle(response, scale)  # (width, 3*s*s, SIDE, SIDE)
    reach = _KERNEL // 2
    window = slice(_CENTRE - reach, _CENTRE + reach + 1)
    kernels = phases[:, :, window, window].flip(-1, -2)  # what spreads out is what is gathered
    direct = DirectTail(config)
    direct.conv.weight.copy_(kernels.transpose(0, 1))
    assert direct.conv.bias is not None
    direct.conv.bias.copy_(nn.functional.pixel_unshuffle(still, scale)[0, :, _CENTRE, _CENTRE])
    return direct
