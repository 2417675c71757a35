"""Random aligned patches of LR and HR, on the device of the corpus."""

from dataclasses import dataclass

import torch

from training.data.corpus import Corpus
from training.data.pictures import TooSmall


@dataclass(frozen=True)
class Batch:
    """Patches, float, 0..1: LR (B, C, P, P); HR and teacher output (B, C, P*s, P*s)."""

    lr: torch.Tensor
    hr: torch.Tensor
    taught: torch.Tensor | None


TURNS = {"all": tuple(range(8)), "flips": (0, 2, 4, 6), "rotations": (0, 1, 2, 3), "none": (0,)}
"""Name -> those elements of :func:`dihedral` that a patch may be turned by."""


def sample(
    corpus: Corpus, batch: int, patch: int, generator: torch.Generator, turns: str = "all"
) -> Batch:
    """Draw ``batch`` random LR patches of ``patch`` pixels a side, with their HR patches.

    Each is flipped or rotated, with its targets, in one of the ways that ``TURNS[turns]`` lists.

    Raises:
        TooSmall: the patch is larger than the LR tiles.
    """
    count, _, height, width = corpus.lr.shape
    if corpus.extent is not None:
        height, width = corpus.extent.min(0).values.tolist()
    if patch > min(height, width):
        raise TooSmall(
            f"a patch of {patch} pixels does not fit into LR tiles of {width}x{height} pixels; "
            "lower the patch of the recipe's stage"
        )
    which = torch.randint(count, (batch,), generator=generator)
    top, left = _corners(corpus, which, patch, generator)
    ways = torch.tensor(TURNS[turns])
    turn = ways[torch.randint(len(ways), (batch,), generator=generator)]

    def cut(tiles: torch.Tensor, s: int) -> torch.Tensor:
        patches = _gather(tiles, which, top * s, left * s, patch * s)
        return _turn_each(patches if corpus.target is None else patches.to(corpus.target), turn)

    taught = None if corpus.taught is None else cut(corpus.taught, corpus.scale)
    return Batch(cut(corpus.lr, 1), cut(corpus.hr, corpus.scale), taught)


def _corners(
    corpus: Corpus, which: torch.Tensor, patch: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random rows and columns of the LR patches in the tiles ``which``, outside their padding."""
    if corpus.extent is None:
        height, width = corpus.lr.shape[2:]
        top = torch.randint(height - patch + 1, which.shape, generator=generator)
        return top, torch.randint(width - patch + 1, which.shape, generator=generator)
    places = corpus.extent[which] - (patch - 1)
    drawn = (torch.rand(places.shape, generator=generator, dtype=torch.float64) * places).long()
    return drawn[:, 0], drawn[:, 1]


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


def undo_dihedral(images: torch.Tensor, k: int) -> torch.Tensor:
    """The inverse of :func:`dihedral`."""
    flipped = images.flip(-1) if k >= 4 else images
    return torch.rot90(flipped, -(k % 4), (-2, -1))
