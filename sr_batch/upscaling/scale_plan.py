"""Which networks make a scale, and in what order."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import prod

from sr_batch.core.errors import UnknownModel


@dataclass(frozen=True)
class ScalePlan:
    """How an image becomes ``scale`` times larger.

    Attributes:
        passes: Factors of the networks, in the order they are applied; none for a plain resize.
        scale: Output side / input side. What the passes give too much is reduced at the end.
    """

    passes: tuple[int, ...]
    scale: float


def plan_scale(scale: float, natives: Collection[int]) -> ScalePlan:
    """Choose the fewest passes that reach ``scale``, and among those the least that is too much.

    A native factor is one pass; between two, the larger one; above the largest, one network
    after another, larger factors first (x8 is x4, then x2). Up to 1 no network is needed.

    Args:
        scale: Output side / input side, above 0.
        natives: Factors there are networks for.

    Raises:
        UnknownModel: none of ``natives`` enlarges.
    """
    if scale <= 1:
        return ScalePlan((), scale)
    factors = sorted((native for native in natives if native > 1), reverse=True)
    if not factors:
        raise UnknownModel(f"no network of this model enlarges, --scale {scale:g} needs one")
    count = 1
    while factors[0] ** count < scale:
        count += 1
    chains = combinations_with_replacement(factors, count)
    return ScalePlan(min((c for c in chains if prod(c) >= scale), key=prod), scale)
