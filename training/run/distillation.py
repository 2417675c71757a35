"""What a trained network makes of the corpus: a second target, without the noise of photographs.

With ``ensemble`` 4 or 8 the target is the mean over the turned inputs (self-ensemble; Lim et al.
2017, EDSR, section 3.4), which is better than the teacher itself, so that a network can even
learn from its own.
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


def lessons(corpus: Corpus, teacher: nn.Module, turns: int, cache: Path) -> torch.Tensor:
    """What ``teacher`` makes of ``corpus``, computed once and then kept under ``cache``.

    Args:
        corpus: With a bicubic LR, as the teacher has seen it.
        teacher: On the device that shall do the work.
        turns: Of the eight flips and rotations, how many the target is the mean of.
        cache: Folder.

    Returns:
        float16 (N, C, T, T), 0..255.
    """
    path = cache / f"taught_{_digest(corpus, teacher, turns)}.pt"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # A fifth less time on a CPU.
        teacher = teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        tiles = [ensemble(teacher, tile, turns) for tile in tqdm(corpus.lr, unit="tile")]
        temporary = path.with_suffix(".tmp")
        torch.save(torch.stack(tiles), temporary)
        temporary.replace(path)
    taught: torch.Tensor = torch.load(path, weights_only=True)
    return taught


def to_luma(taught: torch.Tensor) -> torch.Tensor:
    """Lessons in RGB, (N, 3, T, T), as a network of luma learns them: (N, 1, T, T) of studio Y."""
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
    """Of all that the lessons depend on."""
    parts: Sequence[torch.Tensor] = [corpus.lr, *teacher.state_dict().values()]
    digest = hashlib.sha256(f"{corpus.scale} {turns}".encode())
    for part in parts:
        digest.update(part.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
