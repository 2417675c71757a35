"""Whether ``--model auto`` takes the better network for each picture of a mixed set."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from sr_batch.core.options import CLEAN
from sr_batch.imaging.picture_traits import Traits, measure
from sr_batch.upscaling.network_choice import choose
from training.evaluate.mixed_set import Mixed
from training.evaluate.photo_judge import Candidate
from training.evaluate.restore import levels
from training.losses.perceptual import Perceptual, load_squeezenet

AUTO = "auto"


@dataclass(frozen=True)
class Compared:
    """One picture: what was measured on it, and the perceptual distance of each network's output.

    Attributes:
        picture: The picture.
        traits: Of its LR.
        reason: Why the network was chosen.
        distances: By the name of the network; `AUTO` has that of the chosen one.
        is_clean: Whether the network for clean pictures was chosen.
    """

    picture: Mixed
    traits: Traits
    reason: str
    distances: Mapping[str, float]
    is_clean: bool


def compare(
    clean: Candidate,
    real: Candidate,
    others: Sequence[Candidate],
    pictures: Iterable[Mixed],
    features: Path,
) -> Iterator[Compared]:
    """Measure every network on every picture.

    Args:
        clean: The network that ``auto`` takes for clean pictures.
        real: The one that it takes for all others.
        others: Further networks for the table.
        pictures: From ``mixed_set``.
        features: The SqueezeNet file.

    Raises:
        FileNotFoundError: ``features`` does not exist.
    """
    distance = Perceptual(load_squeezenet(features))
    for picture in pictures:
        traits = measure(picture.lr)
        choice = choose(traits, picture.quality)
        found = {each.name: _far(each, picture, distance) for each in (clean, real, *others)}
        is_clean = choice.network == CLEAN
        found[AUTO] = found[clean.name if is_clean else real.name]
        yield Compared(picture, traits, choice.reason, found, is_clean)


def table(rows: Sequence[Compared]) -> str:
    """Mean distances by kind and over all, as Markdown, and how often ``auto`` chose which."""
    names = list(rows[0].distances)
    lines = [
        f"| kind | {' | '.join(names)} | taken for clean |",
        "|---" * (len(names) + 2) + "|",
    ]
    kinds = dict.fromkeys(row.picture.kind for row in rows)
    lines += [
        _line(kind, names, [row for row in rows if row.picture.kind == kind]) for kind in kinds
    ]
    return "\n".join([*lines, _line("all", names, rows)]) + "\n"


def listing(rows: Sequence[Compared]) -> str:
    """One line of tab-separated values for each picture, to set the limits of the choice by."""
    names = list(rows[0].distances)
    measured = (field.name for field in fields(Traits))
    head = ("kind", "name", "quality", *measured, "reason", *names)
    lines = ["\t".join(head)]
    return "\n".join([*lines, *(_listed(row) for row in rows)]) + "\n"


def _listed(row: Compared) -> str:
    picture = row.picture
    measured = (f"{trait:.3f}" for trait in astuple(row.traits))
    distances = (f"{distance:.4f}" for distance in row.distances.values())
    cells = [picture.kind, picture.name, str(picture.quality or ""), *measured, row.reason]
    return "\t".join([*cells, *distances])


def _line(kind: str, names: Sequence[str], rows: Sequence[Compared]) -> str:
    means = (f"{fmean(row.distances[name] for row in rows):.3f}" for name in names)
    clean = sum(row.is_clean for row in rows)
    return f"| {kind} | {' | '.join(means)} | {clean} of {len(rows)} |"


def _far(candidate: Candidate, picture: Mixed, distance: Perceptual) -> float:
    sr = levels(candidate.enlarge(_planes(picture.lr)) * 255)
    with torch.inference_mode():
        pair = (torch.from_numpy(_planes(each))[None] for each in (sr, picture.hr))
        return float(distance(*pair).item())


def _planes(pixels: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) -> float32 (3, H, W), 0..1."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32) / 255
