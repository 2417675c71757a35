"""The best score of a run, which decides when it stops early."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Best:
    """The best PSNR of a run so far, the checkpoints since then, and the iteration it was at."""

    psnr: float = float("-inf")
    stale: int = 0
    iteration: int = 0

    def after(self, psnr: float, iteration: int) -> "Best":
        """The best score after one more checkpoint, at ``iteration``."""
        if psnr > self.psnr:
            return Best(psnr, 0, iteration)
        return Best(self.psnr, self.stale + 1, self.iteration)
