from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sr_batch.core.errors import UsageError
from sr_batch.core.geometry import Region, Size
from tests.training.small import load_corpus
from training.data.corpus import Corpus, build_corpus, count_tiles
from training.data.patches import sample
from training.data.pictures import (
    Color,
    Picture,
    TooSmall,
    list_images,
    read_rgb,
    size_of,
    to_color,
)
from training.data.resize import downscale
from training.data.storage import mapped_array
from training.data.tiles import COVERING, Cutting, tiles_of


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


def test_every_pixel_of_a_picture_is_in_a_tile() -> None:
    """A BSDS picture gave one tile of 256x256, which is 42 % of its pixels."""
    seen = np.zeros((321, 481), int)
    for tile in tiles_of(Size(481, 321), COVERING, 2):
        assert tile.size == Size(256, 256)
        assert (tile.left % 2, tile.top % 2) == (0, 0)
        seen[tile.slices] += 1
    assert (seen[:320, :480] > 0).all()


def test_whole_tiles_are_counted_from_the_corner() -> None:
    whole = Cutting(covers=False)
    assert [*tiles_of(Size(481, 321), whole, 3)] == [Region(0, 0, 255, 255)]
    assert [*tiles_of(Size(512, 512), whole, 3)][-1] == Region(256, 256, 511, 511)
    assert [*tiles_of(Size(200, 300), whole, 2)] == []


@pytest.mark.parametrize("color", ["rgb", "y"])
def test_small_pictures_are_tiles_of_their_own_size(tmp_path: Path, color: Color) -> None:
    shapes = ((300, 280), (128, 128), (129, 64))
    for number, (height, width) in enumerate(shapes):
        pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    corpus = load_corpus(list_images([tmp_path]), 2, color)
    assert corpus.hr.shape[2:] == (256, 256)
    assert corpus.extent is not None
    assert corpus.extent.tolist() == [[128, 128]] * 4 + [[64, 64], [64, 32]]
    small = to_color(read_rgb(tmp_path / "2.png"), color)[:128]
    assert torch.equal(corpus.hr[-1, :, :128, :64], torch.from_numpy(small).permute(2, 0, 1))
    lr = downscale(small, 2)
    assert (corpus.lr[-1, :, :64, :32].float() - lr.clamp(0, 255)).abs().max() <= (color == "rgb")


def test_patches_never_reach_into_the_padding(tmp_path: Path) -> None:
    """Each tile holds one level of its own, and its padding another."""
    hr = torch.full((2, 1, 16, 16), 9, dtype=torch.uint8)
    hr[0], hr[1, :, :12, :8] = 1, 1
    extent = torch.tensor([[16, 16], [12, 8]])
    corpus = Corpus(hr, hr, 1, extent=extent)
    batch = sample(corpus, 200, 7, torch.Generator().manual_seed(0))
    assert (batch.hr * 255 == 1).all()
    with pytest.raises(TooSmall, match="a patch of 9 pixels does not fit into LR tiles of 8x12"):
        sample(corpus, 1, 9, torch.Generator())


def test_no_picture_that_is_large_enough_is_an_error_that_names_them(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200)).save(tmp_path / "small.png")
    with pytest.raises(TooSmall, match=r"256x256 pixels for a tile.*small.png \(300x200\)"):
        load_corpus([tmp_path / "small.png"], 2, "rgb", Cutting(covers=False))


@pytest.mark.parametrize("cutting", [COVERING, Cutting(covers=False)])
def test_counts_the_tiles_that_are_cut(photographs: Path, tmp_path: Path, cutting: Cutting) -> None:
    Image.new("RGB", (530, 300)).save(tmp_path / "wide.png")
    paths = [*list_images([photographs]), tmp_path / "wide.png"]
    pictures = [Picture(path, size_of(path)) for path in paths]
    cut = len(build_corpus(pictures, 3, "y", cutting).hr)
    assert count_tiles(pictures, 3, cutting) == cut == (9 if cutting.covers else 5)


def test_damaged_pictures_are_named_and_left_out(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = list_images([photographs])
    cut_off = tmp_path / "cut off.png"
    cut_off.write_bytes(good[0].read_bytes()[:9000])
    corpus = load_corpus([cut_off, good[1]], 2, "rgb")
    assert len(corpus.hr) == 1
    assert torch.equal(corpus.hr[0], torch.from_numpy(read_rgb(good[1])).permute(2, 0, 1))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("left out: ")
    assert str(cut_off) in line


def test_finds_every_format_in_any_case_and_below(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("a.JPG", "b.TIF", "c.bmp", "below/d.Png", "e.gif", "f.WEBP", "g.avif"):
        Image.new("RGB", (16, 16), "red").save(tmp_path / name)
    found = list_images([tmp_path])
    assert [path.stem for path in found] == [*"abcefgd"]
    assert all((read_rgb(path)[..., 0] > 200).all() for path in found)


def test_a_corpus_larger_than_memory_is_mapped(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [Picture(path, size_of(path)) for path in list_images([photographs])]
    held = build_corpus(pictures, 2, "y", spill=tmp_path)
    assert held.target is None
    monkeypatch.setattr("training.data.corpus.free_memory", lambda: 1000)
    mapped = build_corpus(pictures, 2, "y", spill=tmp_path)
    assert mapped.target == torch.device("cpu")
    assert [*tmp_path.iterdir()] == []
    moved = mapped.to(torch.device("meta"))
    assert (moved.hr.device.type, moved.target) == ("cpu", torch.device("meta"))
    one, other = (
        sample(corpus, 4, 16, torch.Generator().manual_seed(5)) for corpus in (held, mapped)
    )
    assert torch.equal(one.hr, other.hr)
    assert torch.equal(one.lr, other.lr)


def test_a_disk_without_room_for_the_tiles_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the tiles are larger than memory and take"):
        mapped_array((1 << 40, 1 << 20), np.uint8, tmp_path)
