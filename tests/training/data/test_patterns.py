from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from tests.training.small import load_corpus
from training.data.corpus import Corpus
from training.data.patterns import add_patterns
from training.data.pictures import list_images


@pytest.fixture(params=[2, 3])
def corpus(photographs: Path, request: pytest.FixtureRequest) -> Corpus:
    return load_corpus(list_images([photographs]), request.param, "rgb")


def test_patterns_follow_the_photographs(corpus: Corpus) -> None:
    more = add_patterns(corpus, 3, seed=1)
    count = len(corpus.hr)
    assert len(more.hr) == len(more.lr) == count + 3
    assert (more.hr.dtype, more.lr.dtype) == (corpus.hr.dtype, corpus.lr.dtype)
    assert torch.equal(more.hr[:count], corpus.hr)
    assert torch.equal(add_patterns(corpus, 3, seed=1).hr, more.hr)
    assert add_patterns(corpus, 0, seed=1) is corpus


def test_patterns_beside_padded_tiles_are_whole() -> None:
    tiles = torch.zeros(2, 1, 16, 12, dtype=torch.uint8)
    padded = Corpus(tiles, tiles[..., ::2, ::2].float(), 2, extent=torch.tensor([[8, 6], [5, 6]]))
    more = add_patterns(padded, 2, seed=1)
    assert (more.hr.shape, more.lr.shape) == ((4, 1, 16, 12), (4, 1, 8, 6))
    assert more.extent is not None
    assert more.extent.tolist() == [[8, 6], [5, 6], [8, 6], [8, 6]]


def test_batches_of_a_mapped_corpus_go_where_they_went(corpus: Corpus) -> None:
    mapped = replace(corpus, target=torch.device("meta"))
    assert add_patterns(mapped, 1, seed=1).target == mapped.target


def test_every_lr_pixel_is_a_square_of_hr(corpus: Corpus) -> None:
    more = add_patterns(corpus, 8, seed=1)
    hr, lr = more.hr[-8:].float(), more.lr[-8:].float()
    assert torch.equal(F.interpolate(lr, scale_factor=corpus.scale, mode="nearest"), hr)


def test_a_checkerboard_of_single_pixels_is_among_them(corpus: Corpus) -> None:
    lr = add_patterns(corpus, 30, seed=1).lr[-30:].float()
    board = 255 * (torch.arange(12)[:, None] + torch.arange(12)).remainder(2).float()
    corners = lr[..., :12, :12].mean(1)
    assert any(torch.equal(corner, board) or torch.equal(corner, 255 - board) for corner in corners)
