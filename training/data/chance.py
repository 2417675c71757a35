"""Random numbers of a run's own generator."""

import torch


def uniform(count: int, low: float, high: float, generator: torch.Generator) -> list[float]:
    """``count`` numbers from ``low`` to ``high``."""
    drawn: list[float] = (low + (high - low) * torch.rand(count, generator=generator)).tolist()
    return drawn


def chance(probability: float, generator: torch.Generator) -> bool:
    """True with this probability."""
    return bool(torch.rand((), generator=generator) < probability)
