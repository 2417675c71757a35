"""The measurements of one exported network, and their form in JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sr_batch.bench.quality import Judged, Score
from sr_batch.bench.tile_seams import TileSeams
from sr_batch.core.model_spec import Precision


@dataclass(frozen=True)
class Measurement:
    """One exported file.

    Attributes:
        name: Name of the file, without its suffix.
        scale: Output side / input side.
        precision: Precision of its weights.
        quality: Name of a set of pictures -> means over the set.
        claims: Name of a set -> PSNR in dB that the file's contract claims for it.
        parity: Largest difference from torch's output, whose values range from 0 to 1.
        seam: Samples that tiling changes.
        speed: LR pixels per second, as a multiple of the reference network's.
        memory: Bytes that a process grows by; None if the system does not report it.
        start: Seconds until the network is ready; comparable on one machine only.
    """

    name: str
    scale: int
    precision: Precision
    quality: Mapping[str, Judged]
    claims: Mapping[str, float]
    parity: float
    seam: TileSeams
    speed: float
    memory: int | None
    start: float


def to_json(row: Measurement) -> dict[str, Any]:
    """The fields for JSON, rounded to their useful precision."""
    flat = asdict(row)
    return flat | {
        "quality": {name: judged.record() for name, judged in row.quality.items()},
        "parity": float(f"{row.parity:.2g}"),
        "speed": round(row.speed, 4),
        "start": round(row.start, 4),
    }


def from_json(flat: Mapping[str, Any]) -> Measurement:
    """Read what :func:`to_json` returned.

    Raises:
        KeyError: a field is missing.
        TypeError: a field has the wrong type, or is unknown.
    """
    values = dict(flat)
    values["quality"] = {name: _judged(each) for name, each in flat["quality"].items()}
    values["seam"] = TileSeams(**flat["seam"])
    return Measurement(**values)


def _judged(flat: Mapping[str, Mapping[str, float | None]]) -> Judged:
    return Judged(_score(flat["bicubic"]), _score(flat["network"]))


def _score(flat: Mapping[str, float | None]) -> Score:
    psnr, ssim = flat["psnr"], flat["ssim"]
    return Score(float("inf") if psnr is None else float(psnr), float(ssim or 0))
