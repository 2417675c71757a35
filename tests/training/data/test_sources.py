"""From the folders of a user to the pictures of a run."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sr_batch.core.errors import UsageError
from training.data.corpus import build_corpus
from training.data.output_files import degraded_files
from training.data.pictures import TooSmall, read_rgb
from training.data.resize import downscale
from training.data.sources import Data, Gathered, Source, gather, layout
from training.data.tiles import Cutting, fit_pixels

PATCH = Data().cutting(16)


def fill(folder: Path, sizes: Mapping[str, tuple[int, int]]) -> None:
    """Noise of (width, height) for each name below ``folder``."""
    for number, (name, (width, height)) in enumerate(sizes.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(pixels).save(path)


def names(found: Gathered) -> list[list[str]]:
    parts = (found.train, found.validation, found.test)
    return [[picture.hr.stem for picture in part] for part in parts]


def gathered(folder: Path, data: Data | None = None) -> Gathered:
    data = data or layout(folder)
    return gather(folder, data, 2, data.cutting(16))


def test_any_folder_is_split_and_evaluation_sets_in_it_are_left_alone(tmp_path: Path) -> None:
    fill(tmp_path, {f"{n}.png": (20, 20) for n in range(9)} | {"below/9.PNG": (20, 20)})
    fill(tmp_path / "eval" / "Set5", {"woman.png": (20, 20)})
    found = gathered(tmp_path)
    assert [len(part) for part in names(found)] == [9, 1, 0]
    assert sorted(chain(*names(found))) == [*"0123456789"]
    assert gathered(tmp_path) == found
    other = gathered(tmp_path, Data(seed=5))
    assert names(other)[1] != names(found)[1]


def test_numbers_split_by_index_leave_the_rest_for_the_test(tmp_path: Path) -> None:
    fill(tmp_path, {f"{n}.png": (20, 20) for n in range(6)})
    assert names(gathered(tmp_path, Data(split=(3, 2), order="index"))) == [
        [*"012"],
        [*"34"],
        ["5"],
    ]


def test_evaluation_sets_alone_are_nothing_to_train_on(tmp_path: Path) -> None:
    fill(tmp_path / "eval" / "Set5", {"woman.png": (20, 20)})
    with pytest.raises(FileNotFoundError, match="no pictures to train on"):
        gathered(tmp_path)


def test_one_picture_cannot_be_split(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": (20, 20)})
    with pytest.raises(UsageError, match="1 picture cannot be split"):
        gathered(tmp_path)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ((3, 3), "a split by 3 and 3 needs 6 pictures, and there are 4"),
        ((0.9, 0.9), "shares add up to at most 1"),
        ((1.5, 1), "numbers are whole"),
    ],
)
def test_a_split_that_cannot_be_made_is_refused(
    split: tuple[float, float], message: str, tmp_path: Path
) -> None:
    fill(tmp_path, {f"{n}.png": (20, 20) for n in range(4)})
    with pytest.raises(UsageError, match=message):
        gathered(tmp_path, Data(split=split))


def test_pairs_of_folders_are_found_by_name(tmp_path: Path) -> None:
    for part, letters in (("train", "ab"), ("val", "c")):
        fill(tmp_path / part / "high_res", {f"{name}.png": (20, 20) for name in letters})
        fill(tmp_path / part / "low_res", {f"{name}.bmp": (10, 10) for name in letters})
    found = gathered(tmp_path)
    assert names(found) == [[*"ab"], ["c"], []]
    assert [each.lr for each in found.train] == [
        tmp_path / "train" / "low_res" / f"{name}.bmp" for name in "ab"
    ]


def test_given_lr_is_used_and_lr_of_the_size_of_hr_is_reduced(tmp_path: Path) -> None:
    fill(tmp_path / "hr", {"a.png": (41, 32), "b.png": (40, 40)})
    fill(tmp_path / "lr", {"ax2.png": (20, 16), "b.png": (40, 40)})
    data = Data((Source("hr", "lr"),), split=(1, 1), order="index")
    found = gathered(tmp_path, data)
    corpus = build_corpus([*found.train, *found.validation], 2, "rgb", PATCH)
    given, same = (read_rgb(tmp_path / "lr" / name) for name in ("ax2.png", "b.png"))
    assert torch.equal(corpus.lr[0, :, :16, :20], torch.from_numpy(given).permute(2, 0, 1))
    assert torch.equal(corpus.lr[1].float(), downscale(same, 2).round().clamp(0, 255))


def test_folders_that_do_not_match_name_the_first_three(tmp_path: Path) -> None:
    fill(tmp_path / "hr", {f"{name}.png": (20, 20) for name in "abcdef"})
    fill(tmp_path / "lr", {f"{name}.png": (10, 10) for name in "ab"})
    data = Data((Source("hr", "lr"),))
    with pytest.raises(
        UsageError, match=r"hr: 4 pictures without .*: c.png, d.png, e.png and 1 mo"
    ):
        gathered(tmp_path, data)
    fill(tmp_path / "lr", {f"{name}.png": (10, 10) for name in "abcdefg"})
    with pytest.raises(UsageError, match=r"lr: 1 picture without .*: g.png; add or remove"):
        gathered(tmp_path, data)
    (tmp_path / "lr" / "g.png").unlink()
    fill(tmp_path / "lr", {"b.png": (9, 9)})
    with pytest.raises(UsageError, match=r"neither the size of HR nor 1/2 of it: b.png 9x9 for 20"):
        gathered(tmp_path, data)
    with pytest.raises(UsageError, match="a pair of folders keeps its sizes"):
        fill(tmp_path / "lr", {"b.png": (10, 10)})
        gathered(tmp_path, replace(data, size=16))


def test_unusable_pictures_are_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, {"a.png": (40, 15), "b.png": (40, 40), "c.png": (40, 40)})
    (tmp_path / "d.jpg").write_bytes(b"no picture")
    assert sorted(chain(*names(gathered(tmp_path)))) == ["b", "c"]
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"left out: {tmp_path / 'a.png'}: 40x15 is smaller than 16x16 pixels"
    assert str(tmp_path / "d.jpg") in second
    with pytest.raises(TooSmall, match="all 4 are unreadable or smaller than 64x64"):
        gather(tmp_path, Data(), 2, Data().cutting(64))


def test_pictures_are_brought_to_a_size_by_a_crop_or_a_resize() -> None:
    pixels = np.arange(30 * 20 * 3, dtype=np.uint8).reshape(30, 20, 3)
    crop = fit_pixels(pixels, Cutting(size=16))
    assert (crop == pixels[7:23, 2:18]).all()
    level = np.full((30, 20, 3), 77, np.uint8)
    resized = fit_pixels(level, Cutting(size=16, fit="resize"))
    assert resized.shape == (16, 16, 3)
    assert (resized == 77).all()
    assert Cutting(size=16).least_side(2) == 16
    assert Cutting(size=16, fit="resize").least_side(2) == 2


def test_two_inputs_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    fill(tmp_path, {"one/a.png": (8, 8), "one/below/a.png": (8, 8), "two/b.png": (8, 8)})
    out = tmp_path / "out"
    made = degraded_files([tmp_path / "one", tmp_path / "two"], out)
    assert [*made.values()] == [out / "a.png", out / "below" / "a.png", out / "b.png"]
    fill(tmp_path, {"two/a.bmp": (8, 8)})
    with pytest.raises(UsageError, match=r"one/a.png and .*two/a.bmp would both become"):
        degraded_files([tmp_path / "one", tmp_path / "two"], out)
