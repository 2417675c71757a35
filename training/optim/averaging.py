"""Averaged weights: those that are scored, kept and exported."""

from collections.abc import Callable

import torch
from torch.optim.swa_utils import PARAM_LIST


def averaging(
    decay: float, steps: Callable[[], int]
) -> Callable[[PARAM_LIST, PARAM_LIST, torch.Tensor | int], None]:
    """An exponential moving average of weights that forgets the start of a run quickly.

    After n steps its decay is (1 + n) / (10 + n), as in TensorFlow's moving averages, until that
    exceeds ``decay``.

    Args:
        decay: Final decay.
        steps: Gives the number of steps so far. The count that torch passes is on the device,
            and reading it would wait for the device.

    Returns:
        What :class:`torch.optim.swa_utils.AveragedModel` takes as ``multi_avg_fn``.
    """

    @torch.no_grad()
    def average(averaged: PARAM_LIST, current: PARAM_LIST, _: torch.Tensor | int) -> None:
        settled = (1 + steps()) / (10 + steps())
        torch._foreach_lerp_(averaged, current, 1 - min(decay, settled))

    return average
