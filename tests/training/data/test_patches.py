from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.small import load_corpus
from training.data.corpus import Corpus
from training.data.patches import dihedral, sample, undo_dihedral
from training.data.pictures import TooSmall, list_images
from training.data.resize import downscale


@pytest.mark.parametrize("k", range(8))
def test_both_patches_are_turned_in_the_same_way(k: int) -> None:
    """Downscaling a turned HR patch gives the turned LR patch."""
    hr = np.random.default_rng(k).integers(0, 256, (24, 24, 3), np.uint8)
    turned = dihedral(torch.from_numpy(hr.transpose(2, 0, 1).copy()), k)
    lr_of_turned = downscale(turned.numpy().transpose(1, 2, 0), 2)
    torch.testing.assert_close(lr_of_turned, dihedral(downscale(hr, 2), k), atol=1e-3, rtol=0)


def test_there_are_eight_different_turns() -> None:
    image = torch.arange(9).reshape(1, 3, 3)
    assert len({tuple(dihedral(image, k).flatten().tolist()) for k in range(8)}) == 8


@pytest.mark.parametrize("k", range(8))
def test_undo_restores_the_image(k: int) -> None:
    image = torch.arange(6).reshape(1, 2, 3)
    assert torch.equal(undo_dihedral(dihedral(image, k), k), image)


def test_draws_aligned_pairs() -> None:
    """HR is LR repeated: every aligned pair keeps that relation, whatever the turn."""
    lr = torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8)
    hr = lr.repeat_interleave(2, -1).repeat_interleave(2, -2)
    batch = sample(Corpus(hr, lr, 2, hr.half()), 32, 6, torch.Generator().manual_seed(3))
    assert batch.lr.shape == (32, 3, 6, 6)
    assert torch.equal(batch.hr, batch.lr.repeat_interleave(2, -1).repeat_interleave(2, -2))
    assert batch.taught is not None
    assert torch.equal(batch.taught, batch.hr)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [("none", {0}), ("flips", {0, 2, 4, 6}), ("rotations", {0, 1, 2, 3}), ("all", {*range(8)})],
)
def test_turns_only_as_the_recipe_says(turns: str, expected: set[int]) -> None:
    hr = torch.arange(9, dtype=torch.uint8).reshape(1, 1, 3, 3)
    batch = sample(Corpus(hr, hr, 1), 64, 3, torch.Generator().manual_seed(1), turns)
    ways = {tuple(dihedral(hr[0, 0], k).flatten().tolist()): k for k in range(8)}
    drawn = {ways[tuple(levels)] for levels in (batch.hr * 255).round().int().flatten(1).tolist()}
    assert drawn == expected


def test_draws_the_same_from_the_same_seed(photographs: Path) -> None:
    corpus = load_corpus(list_images([photographs]), 4, "rgb")
    first, second = (sample(corpus, 4, 16, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first.lr, second.lr)
    assert torch.equal(first.hr, second.hr)


def test_a_patch_must_fit() -> None:
    lr = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    with pytest.raises(TooSmall, match="a patch of 17 pixels does not fit into LR tiles of 16x16"):
        sample(Corpus(lr, lr, 1), 1, 17, torch.Generator())
