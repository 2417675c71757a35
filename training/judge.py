"""How networks for photographs do on what people have; see ``judged`` for the pictures.

Four measures: the perceptual distance to the original (of record), PIQE for blocks and noise,
PSNR-Y in dB for faithfulness, and tone: PSNR-Y in dB between the result, reduced again, and what it
was made from.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from sr_batch.metrics import psnr
from sr_batch.onnx_session import OnnxSession
from training import checkpoint
from training.data import to_color
from training.evaluate import Upscaler
from training.features import Perceptual, load_squeezenet
from training.judged import Case
from training.models import BadConfig
from training.piqe import piqe
from training.recipes import RECIPES
from training.resize import downscale, upscale
from training.sheet import levels
from training.start import Places
from training.teacher import load_teacher
from training.trained import network

MEASURES = ("distance", "piqe", "psnr", "tone")
BICUBIC = "bicubic"


@dataclass(frozen=True)
class Candidate:
    """Something that enlarges LR, and how it is called in tables."""

    name: str
    upscaler: Upscaler


@dataclass(frozen=True)
class Verdict:
    """What one candidate made of one case: SR uint8 (H*s, W*s, 3), and its measures by name."""

    candidate: str
    case: Case
    sr: np.ndarray
    marks: Mapping[str, float]


def candidate(text: str, scale: int, places: Places) -> Candidate:
    """``bicubic``, an exported file, a teacher's .param, or the weights of a recipe.

    Raises:
        BadConfig: it is none of these, or a recipe of another scale.
        BadNetwork: the files of a teacher are missing or damaged.
        FileNotFoundError: the recipe has no weights.
    """
    if text == BICUBIC:
        return Candidate(text, lambda lr: upscale(lr.transpose(1, 2, 0), scale).numpy())
    path = Path(text)
    if path.suffix == ".onnx":
        session = OnnxSession.open(path)
        return Candidate(path.stem, lambda lr: session(lr[None])[0])
    if path.suffix == ".param":
        return Candidate(path.stem, _by_torch(load_teacher(path)))
    if text not in RECIPES or RECIPES[text].scale != scale:
        raise BadConfig(f"{text}: neither {BICUBIC}, a .onnx, a .param nor a recipe of x{scale}")
    weights = checkpoint.load_weights(text, places.runs, places.kept)
    return Candidate(text, _by_torch(network(RECIPES[text], weights)))


def judge(
    candidates: Sequence[Candidate], pictures: Iterable[Case], features: Path
) -> Iterator[Verdict]:
    """What every candidate makes of every case, case by case; ``features`` is the SqueezeNet file.

    Raises:
        FileNotFoundError: there are no features.
    """
    distance = Perceptual(load_squeezenet(features))
    for case in pictures:
        for each in candidates:
            sr = levels(each.upscaler(_planes(case.lr)) * 255)
            yield Verdict(each.name, case, sr, _marks(sr, case, distance))


def table(verdicts: Sequence[Verdict]) -> str:
    """Means by kind and candidate, as Markdown."""
    lines = [f"| kind | network | {' | '.join(MEASURES)} |", "|---|---|---|---|---|---|"]
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
    if case.hr is not None:
        with torch.inference_mode():
            pair = (torch.from_numpy(_planes(x))[None] for x in (sr, case.hr))
            marks["distance"] = distance(*pair).item()
        marks["psnr"] = _psnr_y(sr, case.hr, scale)
    return marks


def _mean(marks: Sequence[Mapping[str, float]], measure: str) -> str:
    values = [each[measure] for each in marks if measure in each]
    digits = 3 if measure == "distance" else 1
    return f"{fmean(values):.{digits}f}" if values else "-"


def _by_torch(net: torch.nn.Module) -> Upscaler:
    @torch.inference_mode()
    def upscaler(lr: np.ndarray) -> np.ndarray:
        return net(torch.from_numpy(lr)[None])[0].float().numpy()

    return upscaler


def _planes(pixels: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) -> float32 (3, H, W), 0..1."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32) / 255


def _psnr_y(pixels: np.ndarray, other: np.ndarray, border: int) -> float:
    return psnr(to_color(pixels, "y")[..., 0], to_color(other, "y")[..., 0], border)
