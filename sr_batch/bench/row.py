"""What was measured of one exported network, and its form in JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sr_batch.bench.quality import Judged, Score
from sr_batch.bench.seam import Seam
from sr_batch.core.model_spec import Precision


@dataclass(frozen=True)
class Row:
    """One exported file.

    Attributes:
        name: Of the file, without its suffix.
        scale: Its factor.
        precision: Of its weights.
        quality: Name of a set of pictures -> the means over it.
        claims: Name of a set -> PSNR in dB that the file's contract says of it.
        parity: Largest difference to what torch gave, of 1.
        seam: What tiles changed.
        speed: LR pixels in a second, as a multiple of the reference's.
        memory: Bytes that a process grows by; None where the system does not tell.
        start: Seconds until the network is ready; of this machine alone.
    """

    name: str
    scale: int
    precision: Precision
    quality: Mapping[str, Judged]
    claims: Mapping[str, float]
    parity: float
    seam: Seam
    speed: float
    memory: int | None
    start: float


def to_json(row: Row) -> dict[str, Any]:
    """Plain values, rounded to what they are good for."""
    flat = asdict(row)
    return flat | {
        "quality": {name: judged.record() for name, judged in row.quality.items()},
        "parity": float(f"{row.parity:.2g}"),
        "speed": round(row.speed, 4),
        "start": round(row.start, 4),
    }


def from_json(flat: Mapping[str, Any]) -> Row:
    """Undo :func:`to_json`.

    Raises:
        KeyError: something is missing.
        TypeError: something is of another kind, or too much.
    """
    values = dict(flat)
    values["quality"] = {name: _judged(each) for name, each in flat["quality"].items()}
    values["seam"] = Seam(**flat["seam"])
    return Row(**values)


def _judged(flat: Mapping[str, Mapping[str, float | None]]) -> Judged:
    return Judged(_score(flat["bicubic"]), _score(flat["network"]))


def _score(flat: Mapping[str, float | None]) -> Score:
    psnr, ssim = flat["psnr"], flat["ssim"]
    return Score(float("inf") if psnr is None else float(psnr), float(ssim or 0))
