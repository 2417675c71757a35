"""The best value of a figure of a run, which decides when it stops and which weights are kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from training.recipes.recipe import Quantity

_TEXTS: Mapping[Quantity, str] = {
    "psnr": "{:.3f} dB",
    "ssim": "SSIM {:.4f}",
    "loss": "training loss {:.4g}",
    "validation_loss": "validation loss {:.4g}",
}


@dataclass(frozen=True)
class Best:
    """The best of a run so far, the checkpoints since then, and the iteration it was at.

    ``gain`` is the figure, or a loss with a minus sign, so that more is better.
    """

    gain: float = float("-inf")
    stale: int = 0
    iteration: int = 0

    def after(self, gain: float, iteration: int) -> "Best":
        """The best after one more checkpoint, at ``iteration``."""
        if gain > self.gain:
            return Best(gain, 0, iteration)
        return Best(self.gain, self.stale + 1, self.iteration)


def gain_of(figures: Mapping[str, float], quantity: Quantity) -> float:
    """The figure ``quantity`` so that more is better: losses change their sign."""
    value = figures[quantity]
    return -value if "loss" in quantity else value


def text_of(gain: float, quantity: Quantity) -> str:
    """``gain`` as the figure that it is: ``31.234 dB``, ``validation loss 0.0123``."""
    return _TEXTS[quantity].format(-gain if "loss" in quantity else gain)
