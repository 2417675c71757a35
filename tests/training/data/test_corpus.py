from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training.data.corpus import TooSmall, count_tiles, list_images, load_corpus, to_color


def test_lists_images_without_excluded_names(tmp_path: Path) -> None:
    for name in ("a.png", "bsds_1.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [p.name for p in list_images([tmp_path], ("bsds_",))] == ["a.png"]


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        list_images([tmp_path])


def test_cuts_whole_tiles_that_divide_by_the_scale(photographs: Path) -> None:
    corpus = load_corpus(list_images([photographs]), 3, "rgb")
    assert corpus.hr.shape == (3, 3, 255, 255)
    assert corpus.lr.shape == (3, 3, 85, 85)
    assert corpus.lr.dtype == corpus.hr.dtype == torch.uint8


def test_keeps_the_luma_lr_unrounded(photographs: Path) -> None:
    corpus = load_corpus(list_images([photographs]), 2, "y")
    assert corpus.lr.dtype == torch.float32
    assert not torch.equal(corpus.lr, corpus.lr.round())


def test_rounds_studio_luma_as_matlab_does() -> None:
    black_white_red = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    assert to_color(black_white_red, "y")[0, :, 0].tolist() == [16, 235, 81]


def test_a_photograph_smaller_than_a_tile_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200)).save(tmp_path / "small.png")
    with pytest.raises(TooSmall, match=r"small.png: 300x200 is smaller than a tile of 256x256"):
        load_corpus([tmp_path / "small.png"], 2, "rgb")


def test_counts_the_tiles_that_are_cut(photographs: Path, tmp_path: Path) -> None:
    Image.new("RGB", (530, 300)).save(tmp_path / "wide.png")
    paths = [*list_images([photographs]), tmp_path / "wide.png"]
    assert count_tiles(paths, 3) == len(load_corpus(paths, 3, "y").hr) == 5
