"""Random aligned LR/HR patches, on whatever device the corpus is."""

import torch

from training.data import Corpus


def sample(
    corpus: Corpus, batch: int, patch: int, generator: torch.Generator, candidates: int = 1
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw ``batch`` random LR patches of ``patch`` pixels a side and their HR, float 0..1.

    Each is the one of ``candidates`` in which bicubic loses most: smooth patches teach little
    (Wang et al., "SamplingAug", BMVC 2021). Each pair is turned by one of the eight
    flips and rotations of the square.

    Returns LR (B, C, P, P) and HR (B, C, P*s, P*s).
    """
    count, _, height, width = corpus.lr.shape
    drawn = batch * candidates
    which = torch.randint(count, (drawn,), generator=generator)
    top = torch.randint(height - patch + 1, (drawn,), generator=generator)
    left = torch.randint(width - patch + 1, (drawn,), generator=generator)
    if candidates > 1:
        detail = detail_of(corpus.detail, which, top, left, patch)
        chosen = detail.view(batch, candidates).argmax(1) + torch.arange(batch) * candidates
        which, top, left = which[chosen], top[chosen], left[chosen]
    turn = torch.randint(8, (batch,), generator=generator)
    s = corpus.scale
    lr = _gather(corpus.lr, which, top, left, patch)
    hr = _gather(corpus.hr, which, top * s, left * s, patch * s)
    return _turn_each(lr, turn), _turn_each(hr, turn)


def detail_of(
    table: torch.Tensor, which: torch.Tensor, top: torch.Tensor, left: torch.Tensor, patch: int
) -> torch.Tensor:
    """Sum over each patch, from the corners of its square in the summed-area tables."""
    bottom, right = top + patch, left + patch
    rows = table[which, bottom, right] - table[which, bottom, left]
    return rows - table[which, top, right] + table[which, top, left]


def _gather(
    tiles: torch.Tensor, which: torch.Tensor, top: torch.Tensor, left: torch.Tensor, side: int
) -> torch.Tensor:
    span = torch.arange(side)
    n = which[:, None, None].to(tiles.device)
    y = (top[:, None] + span)[:, :, None].to(tiles.device)
    x = (left[:, None] + span)[:, None, :].to(tiles.device)
    patches = tiles[n, :, y, x]  # (B, P, P, C): advanced indices come first
    return patches.permute(0, 3, 1, 2).float() / 255


def _turn_each(images: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(images)
    for k in range(8):
        chosen = (turn == k).to(images.device)
        out[chosen] = dihedral(images[chosen], k)
    return out


def dihedral(images: torch.Tensor, k: int) -> torch.Tensor:
    """Element ``k`` (0..7) of the symmetry group of the square, on the last two axes."""
    turned = torch.rot90(images, k % 4, (-2, -1))
    return turned.flip(-1) if k >= 4 else turned
