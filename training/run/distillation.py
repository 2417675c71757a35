"""Distillation: the output of a trained network, the teacher, is a second target.

Unlike HR, it has no details that cannot be derived from LR. With ``ensemble`` 4 or 8 it is the mean
over flipped and rotated inputs (self-ensemble; Lim et al. 2017, EDSR, section 3.4), which is better
than the teacher itself: a network can even learn from its own self-ensemble.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from sr_batch.imaging.color import rgb_to_y_studio
from training.data.corpus import Corpus
from training.data.patches import dihedral, undo_dihedral


def teacher_output(corpus: Corpus, teacher: nn.Module, turns: int, cache: Path) -> torch.Tensor:
    """The output of ``teacher`` for the LR tiles of ``corpus``, computed once and then cached.

    Args:
        corpus: LR must be bicubic, as in the training of the teacher.
        teacher: The network, on the device that computes the output.
        turns: Flips and rotations to average over: 1, 4 or 8.
        cache: Folder of the cached files.

    Returns:
        float16 (N, C, T, T), 0..255.
    """
    path = cache / f"taught_{_digest(corpus, teacher, turns)}.pt"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # A fifth faster on a CPU.
        teacher = teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        tiles = [ensemble(teacher, tile, turns) for tile in tqdm(corpus.lr, unit="tile")]
        temporary = path.with_suffix(".tmp")
        torch.save(torch.stack(tiles), temporary)
        temporary.replace(path)
    taught: torch.Tensor = torch.load(path, weights_only=True)
    return taught


def to_luma(taught: torch.Tensor) -> torch.Tensor:
    """Convert teacher output in RGB (N, 3, T, T) to studio Y (N, 1, T, T)."""
    tiles = [rgb_to_y_studio(tile.permute(1, 2, 0).float().numpy() / 255) for tile in taught]
    return torch.stack([torch.from_numpy(tile * 255).half()[None] for tile in tiles])


@torch.inference_mode()
def ensemble(teacher: nn.Module, lr: torch.Tensor, turns: int) -> torch.Tensor:
    """Mean output of ``teacher`` for LR (C, H, W), 0..255: float16 (C, H*s, W*s), 0..255."""
    device = next(teacher.parameters()).device
    x = lr[None].to(device).float() / 255
    outputs = [undo_dihedral(teacher(dihedral(x, k)), k) for k in range(turns)]
    mean = torch.stack(outputs).mean(0)[0]
    return (mean.clamp(0, 1) * 255).half().cpu()


def _digest(corpus: Corpus, teacher: nn.Module, turns: int) -> str:
    """A digest of everything that the output depends on."""
    parts: Sequence[torch.Tensor] = [corpus.lr, *teacher.state_dict().values()]
    digest = hashlib.sha256(f"{corpus.scale} {turns}".encode())
    for part in parts:
        digest.update(part.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
