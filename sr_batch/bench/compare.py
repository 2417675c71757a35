"""What is wrong with a measurement by itself, and what was lost against an earlier one. Pure."""

from collections.abc import Iterator

from sr_batch.bench.row import Row
from sr_batch.inference.recorded_outputs import TOLERANCE

MAX_QUALITY_LOSS = 0.02  # dB of PSNR-Y
MAX_SPEED_LOSS = 0.15
# What rounding differently, on another processor, may do to the largest of many differences.
_MORE_DIFFERENCE = 2


def faults(row: Row) -> Iterator[str]:
    """What no exported network may do, whatever it did before; one line each."""
    allowed = TOLERANCE[row.precision]
    if not row.parity <= allowed:
        yield f"parity: differs by {row.parity:.1e} from what torch gave, allowed is {allowed:g}"
    if row.seam.shows:
        yield (
            f"parity: tiles change {row.seam.changed} of {row.seam.samples} samples, by up to"
            f" {row.seam.levels} levels"
        )
    for name, claim in row.claims.items():
        found = row.quality[name].network.psnr
        if not found >= claim - MAX_QUALITY_LOSS:
            yield f"quality: {found:.3f} dB on {name}, the contract says {claim:.3f}"


def losses(row: Row, before: Row) -> Iterator[str]:
    """What ``row`` has lost against ``before``, on the sets of pictures that both know."""
    for name in row.quality.keys() & before.quality.keys():
        found, was = row.quality[name].network.psnr, before.quality[name].network.psnr
        if not found >= was - MAX_QUALITY_LOSS:
            yield f"quality: {found:.3f} dB on {name}, the baseline has {was:.3f}"
    allowed = max(_MORE_DIFFERENCE * before.parity, TOLERANCE["fp32"])
    if not row.parity <= allowed:
        yield f"parity: differs by {row.parity:.1e} from what torch gave, was {before.parity:.1e}"
    if not row.speed >= least_speed(before):
        yield (
            f"speed: {row.speed:.3f} of the reference's, the baseline has {before.speed:.3f}"
            f" ({row.speed / before.speed - 1:+.0%})"
        )


def least_speed(before: Row) -> float:
    """Below this a speed is a loss."""
    return before.speed * (1 - MAX_SPEED_LOSS)
