"""Random aligned LR/HR patches, on whatever device the corpus is."""

import torch

from training.data import Corpus, TooSmall


def sample(
    corpus: Corpus, batch: int, patch: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw ``batch`` random LR patches of ``patch`` pixels a side and their HR, float 0..1.

    Returns LR (B, C, P, P) and HR (B, C, P*s, P*s). Each pair is turned by one of the eight
    flips and rotations of the square.

    Raises:
        TooSmall: the patch is larger than the LR tiles.
    """
    count, _, height, width = corpus.lr.shape
    if patch > min(height, width):
        raise TooSmall(f"a patch of {patch} does not fit into LR tiles of {width}x{height} pixels")
    which = torch.randint(count, (batch,), generator=generator)
    top = torch.randint(height - patch + 1, (batch,), generator=generator)
    left = torch.randint(width - patch + 1, (batch,), generator=generator)
    turn = torch.randint(8, (batch,), generator=generator)
    s = corpus.scale
    lr = _gather(corpus.lr, which, top, left, patch)
    hr = _gather(corpus.hr, which, top * s, left * s, patch * s)
    return _turn_each(lr, turn), _turn_each(hr, turn)


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
