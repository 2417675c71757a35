"""The best score of a run, which decides when it stops early."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Best:
    """The best PSNR of a run so far, and the number of checkpoints since then."""

    psnr: float = float("-inf")
    stale: int = 0

    def after(self, psnr: float) -> "Best":
        """The best score after one more checkpoint."""
        return Best(psnr) if psnr > self.psnr else Best(self.psnr, self.stale + 1)
