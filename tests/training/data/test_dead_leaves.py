from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.small import load_corpus, setting, small_recipe
from training.data.corpus import Corpus
from training.data.dead_leaves import add_leaves, dead_leaves
from training.data.pictures import Color, list_images
from training.data.resize import downscale
from training.run.places import Places
from training.run.start import carry_out


@pytest.fixture(params=["rgb", "y"])
def color(request: pytest.FixtureRequest) -> Color:
    color: Color = request.param
    return color


@pytest.fixture
def corpus(photographs: Path, color: Color) -> Corpus:
    return load_corpus(list_images([photographs]), 2, color)


def test_leaves_follow_the_photographs_with_their_lr(corpus: Corpus, color: Color) -> None:
    more = add_leaves(corpus, color, 2, seed=1)
    count = len(corpus.hr)
    assert len(more.hr) == len(more.lr) == count + 2
    assert (more.hr.dtype, more.lr.dtype) == (corpus.hr.dtype, corpus.lr.dtype)
    assert torch.equal(more.hr[:count], corpus.hr)
    assert torch.equal(more.lr[:count], corpus.lr)
    lr = downscale(more.hr[-1].permute(1, 2, 0).numpy(), 2)
    lr = lr.clamp(0, 255) if color == "rgb" else lr
    assert torch.allclose(lr, more.lr[-1].float(), atol=0.5 if color == "rgb" else 0, rtol=0)


def test_leaves_are_their_own_teacher_output(corpus: Corpus, color: Color) -> None:
    taught = replace(corpus, taught=torch.zeros_like(corpus.hr, dtype=torch.float16))
    more = add_leaves(taught, color, 1, seed=1)
    assert more.taught is not None
    assert torch.equal(more.taught[-1].to(torch.uint8), more.hr[-1])


def test_batches_of_a_mapped_corpus_go_where_they_went(corpus: Corpus, color: Color) -> None:
    mapped = replace(corpus, target=torch.device("meta"))
    assert add_leaves(mapped, color, 1, seed=1).target == mapped.target


def test_no_leaves_leave_the_corpus_unchanged(corpus: Corpus, color: Color) -> None:
    assert add_leaves(corpus, color, 0, seed=1) is corpus


def test_leaves_depend_on_the_seed_and_differ_from_each_other(corpus: Corpus, color: Color) -> None:
    one, same, other = (add_leaves(corpus, color, 2, seed=seed).hr for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert not torch.equal(one[-1], one[-2])


def test_leaves_have_sharper_edges_than_their_photographs() -> None:
    ramp = np.linspace(60, 180, 64).astype(np.uint8)  # no edge at all
    smooth = np.broadcast_to(ramp[None, :, None, None], (2, 64, 64, 3))
    rng = np.random.default_rng(1)
    steps = [np.abs(np.diff(dead_leaves(smooth, rng).astype(int), axis=1)).max() for _ in range(5)]
    assert np.abs(np.diff(smooth.astype(int), axis=2)).max() == 0
    assert min(steps) > 20


@pytest.mark.slow
def test_a_recipe_with_leaves_trains_on_them(data: Path, tmp_path: Path) -> None:
    losses = {}
    for leaves in (0, 50):
        recipe = replace(small_recipe("fast", iterations=4), leaves=leaves)
        places = Places(data, tmp_path, tmp_path / "kept")
        carry_out(recipe, setting(tmp_path / str(leaves), data / "valid"), places)
        (row,) = (tmp_path / str(leaves) / "metrics.csv").read_text().splitlines()[1:]
        losses[leaves] = row.split(",")[1]
    assert losses[0] != losses[50]
