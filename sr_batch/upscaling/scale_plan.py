"""Plans which networks reach a scale, and in what order they run."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import prod

from sr_batch.core.errors import UnknownModel


@dataclass(frozen=True)
class ScalePlan:
    """How an image becomes ``scale`` times larger.

    Attributes:
        passes: Scales of the networks, in the order they run; empty for a plain resize.
        scale: Output side / input side. If the passes enlarge more, the result is reduced to it.
    """

    passes: tuple[int, ...]
    scale: float


def plan_scale(scale: float, natives: Collection[int]) -> ScalePlan:
    """Choose the fewest passes that reach ``scale``, and among those the smallest product.

    A native scale takes one pass. A scale between two of them takes the larger one. A scale above
    the largest takes several passes, the larger ones first (x8 is x4, then x2). A scale of 1 takes
    a network of scale 1, if there is one. A smaller one takes none.

    Args:
        scale: Output side / input side, above 0.
        natives: Scales there are networks for.

    Raises:
        UnknownModel: none of ``natives`` enlarges.
    """
    if scale <= 1:
        return ScalePlan((1,) if scale == 1 and 1 in natives else (), scale)
    factors = sorted((native for native in natives if native > 1), reverse=True)
    if not factors:
        raise UnknownModel(
            f"--scale {scale:g}: this model has no network that enlarges; use --scale 1"
        )
    count = 1
    while factors[0] ** count < scale:
        count += 1
    chains = combinations_with_replacement(factors, count)
    return ScalePlan(min((c for c in chains if prod(c) >= scale), key=prod), scale)
