"""A measurement without problems, for tests to change."""

from dataclasses import replace

from sr_batch.bench.measurement import Measurement
from sr_batch.bench.quality import Judged, Score
from sr_batch.bench.tile_seams import TileSeams

ROW = Measurement(
    name="small_x2",
    scale=2,
    precision="fp32",
    quality={"photos": Judged(Score(30.0, 0.9), Score(32.0, 0.95))},
    claims={"photos": 32.0},
    parity=1e-6,
    seam=TileSeams(levels=1, changed=2, samples=100_000),
    speed=0.5,
    memory=40 << 20,
    start=0.02,
)


def with_psnr(row: Measurement, psnr: float) -> Measurement:
    """``row`` with another PSNR of the network."""
    judged = row.quality["photos"]
    network = replace(judged.network, psnr=psnr)
    return replace(row, quality={"photos": replace(judged, network=network)})
