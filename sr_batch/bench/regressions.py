"""Checks a measurement against fixed limits, and against an earlier measurement."""

from collections.abc import Iterator

from sr_batch.bench.measurement import Measurement
from sr_batch.inference.recorded_outputs import TOLERANCE

MAX_QUALITY_LOSS = 0.02  # dB of PSNR-Y
MAX_SPEED_LOSS = 0.15
# Another processor rounds differently, which may increase the largest difference by this factor.
_MORE_DIFFERENCE = 2


def violations(row: Measurement) -> Iterator[str]:
    """The fixed limits that ``row`` violates, one line each."""
    allowed = TOLERANCE[row.precision]
    if not row.parity <= allowed:
        yield f"parity: differs by {row.parity:.1e} from torch, at most {allowed:g} is allowed"
    if row.seam.shows:
        yield (
            f"parity: tiling changes {row.seam.changed} of {row.seam.samples} samples, by up to"
            f" {row.seam.levels} levels"
        )
    for name, claim in row.claims.items():
        found = row.quality[name].network.psnr
        if not found >= claim - MAX_QUALITY_LOSS:
            yield f"quality: {found:.3f} dB on {name}, but the contract says {claim:.3f}"


def regressions(row: Measurement, before: Measurement) -> Iterator[str]:
    """How ``row`` is worse than ``before``, one line each; only sets that both have count."""
    for name in row.quality.keys() & before.quality.keys():
        found, was = row.quality[name].network.psnr, before.quality[name].network.psnr
        if not found >= was - MAX_QUALITY_LOSS:
            yield f"quality: {found:.3f} dB on {name}, but the baseline has {was:.3f}"
    allowed = max(_MORE_DIFFERENCE * before.parity, TOLERANCE["fp32"])
    if not row.parity <= allowed:
        yield f"parity: differs by {row.parity:.1e} from torch, the baseline by {before.parity:.1e}"
    if not row.speed >= least_speed(before):
        yield (
            f"speed: {row.speed:.3f} of the reference's, but the baseline has {before.speed:.3f}"
            f" ({row.speed / before.speed - 1:+.0%})"
        )


def least_speed(before: Measurement) -> float:
    """The slowest speed that does not count as a regression."""
    return before.speed * (1 - MAX_SPEED_LOSS)
