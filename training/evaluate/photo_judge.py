"""How good networks for photographs are on the cases of ``judge_pictures``.

Five measures: the perceptual distance to the original, which is the measure of record; PIQE, for
blocks and noise; NIQE, for natural statistics; PSNR-Y in dB; and tone, the PSNR-Y in dB between the
output, reduced to LR again, and its input.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from sr_batch.bench.quality import Enlarge
from sr_batch.imaging.metrics import psnr
from training.data.pictures import to_color
from training.data.resize import downscale
from training.evaluate.judge_pictures import Case
from training.evaluate.metrics import luma_of
from training.evaluate.niqe import BLOCK, niqe
from training.evaluate.piqe import piqe
from training.evaluate.restore import levels
from training.losses.perceptual import Perceptual, load_squeezenet

MEASURES = {"distance": 3, "piqe": 1, "niqe": 2, "psnr": 1, "tone": 1}
"""Name of a measure -> its decimals in the table."""


@dataclass(frozen=True)
class Candidate:
    """A function that enlarges LR, and its name in tables."""

    name: str
    enlarge: Enlarge


@dataclass(frozen=True)
class Verdict:
    """The output of one candidate for one case, uint8 (H*s, W*s, 3), and its measures by name.

    Kinds without an original have no distance and no PSNR, and outputs under 192 pixels a side have
    no NIQE.
    """

    candidate: str
    case: Case
    sr: np.ndarray
    marks: Mapping[str, float]


def judge(
    candidates: Sequence[Candidate], pictures: Iterable[Case], features: Path
) -> Iterator[Verdict]:
    """Judge every candidate on every case, case by case; ``features`` is the SqueezeNet file.

    Raises:
        FileNotFoundError: ``features`` does not exist.
    """
    distance = Perceptual(load_squeezenet(features))
    for case in pictures:
        for each in candidates:
            sr = levels(each.enlarge(_planes(case.lr)) * 255)
            yield Verdict(each.name, case, sr, _marks(sr, case, distance))


def table(verdicts: Sequence[Verdict]) -> str:
    """The means for each kind and candidate, as a Markdown table."""
    head = ("kind", "network", *MEASURES)
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for kind in sorted({verdict.case.kind for verdict in verdicts}):
        for name in dict.fromkeys(verdict.candidate for verdict in verdicts):
            marks = [v.marks for v in verdicts if (v.case.kind, v.candidate) == (kind, name)]
            cells = " | ".join(_mean(marks, measure) for measure in MEASURES)
            lines.append(f"| {kind} | {name} | {cells} |")
    return "\n".join(lines) + "\n"


def _marks(sr: np.ndarray, case: Case, distance: Perceptual) -> dict[str, float]:
    scale = sr.shape[0] // case.lr.shape[0]
    reduced = levels(downscale(sr, scale).numpy())
    marks = {"piqe": piqe(sr), "tone": _psnr_y(reduced, case.lr, 0)}
    if min(sr.shape[:2]) >= 2 * BLOCK:
        marks["niqe"] = niqe(luma_of(sr))
    if case.hr is not None:
        with torch.inference_mode():
            pair = (torch.from_numpy(_planes(x))[None] for x in (sr, case.hr))
            marks["distance"] = distance(*pair).item()
        marks["psnr"] = _psnr_y(sr, case.hr, scale)
    return marks


def _mean(marks: Sequence[Mapping[str, float]], measure: str) -> str:
    values = [each[measure] for each in marks if measure in each]
    return f"{fmean(values):.{MEASURES[measure]}f}" if values else "-"


def _planes(pixels: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) -> float32 (3, H, W), 0..1."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32) / 255


def _psnr_y(pixels: np.ndarray, other: np.ndarray, border: int) -> float:
    return psnr(to_color(pixels, "y")[..., 0], to_color(other, "y")[..., 0], border)
